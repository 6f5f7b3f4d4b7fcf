// SPDX-License-Identifier: BSD-3-Clause

// Package messages is the job that measures the time of a message between two
// ranks, which columen scale and its cost model need.
//
//	$ mpirun -n 2 columen messages
package messages

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/columen/columen/jobs/internal/calibrate"
	"github.com/columen/columen/jobs/internal/network"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "messages",
		Short: "Measure the time of messages between two ranks",
		Long: `Messages sends messages to and fro between rank 0 and the last rank and prints,
as JSON, the latency [s] and the rate [bytes/s] of the best of many round trips:
a message of n bytes takes latency + n/rate. On several nodes the last rank is
on another node than rank 0 as a rule. Sums over all ranks at several sizes follow,
the share of one that computing beside it hides, and by how much ranks slow each
other down that compute at the same time, bound by memory and by arithmetic.`,
		Example: "  mpirun -n 2 columen messages",
		Run:     execute,
	}
}

func execute(_ context.Context, env *run.Env) error {
	comm, err := env.Ranks()
	if err != nil {
		return err
	}
	if comm.Size() < 2 {
		return &run.UsageError{Field: "ranks", Value: "1", Reason: "a message needs two", Allowed: "at least 2: mpirun -n 2 columen messages"}
	}
	m, s, err := calibrate.Messages(comm, network.NewDevice(1))
	if err != nil || comm.Rank() != 0 {
		return err
	}
	return json.NewEncoder(env.Stdout).Encode(series.Messages{
		LatencySeconds: m.LatencySeconds, BytesPerSecond: m.BytesPerSecond, Sums: &m, Sharing: &s,
		How: fmt.Sprintf("half of the shortest round trip of a short and of a long message between rank 0 and rank %d; medians of sums over all ranks; kernels on one rank and on all", comm.Size()-1),
	})
}
