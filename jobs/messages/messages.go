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
	"math"
	"time"

	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
	"github.com/columen/columen/mpiutil"
)

// Sizes and numbers of the round trips.
const (
	small      = 8       // bytes of a message that costs its latency
	large      = 1 << 22 // bytes of one that costs its transfer
	smallTrips = 2000
	largeTrips = 20
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "messages",
		Short: "Measure the time of messages between two ranks",
		Long: `Messages sends messages to and fro between rank 0 and the last rank and prints,
as JSON, the latency [s] and the rate [bytes/s] of the best of many round trips:
a message of n bytes takes latency + n/rate. On several nodes the last rank is
on another node than rank 0 as a rule.`,
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
	latency, err := trip(comm, small, smallTrips)
	if err != nil {
		return err
	}
	whole, err := trip(comm, large, largeTrips)
	if err != nil || comm.Rank() != 0 {
		return err
	}
	return json.NewEncoder(env.Stdout).Encode(series.Messages{
		LatencySeconds: latency, BytesPerSecond: large / math.Max(whole-latency, 1e-12),
		How: fmt.Sprintf("half of the shortest of %d round trips of %d bytes between rank 0 and rank %d, and of %d of %d bytes", smallTrips, small, comm.Size()-1, largeTrips, large),
	})
}

// trip returns half the time of the shortest round trip [s] on rank 0.
func trip(comm *mpiutil.Comm, bytes, trips int) (float64, error) {
	buf := make([]byte, bytes)
	last, best := comm.Size()-1, math.Inf(1)
	for range trips {
		start := time.Now()
		switch comm.Rank() {
		case 0:
			if err := mpiutil.Send(comm, buf, last, 1); err != nil {
				return 0, err
			}
			if err := mpiutil.Recv(comm, buf, last, 2); err != nil {
				return 0, err
			}
		case last:
			if err := mpiutil.Recv(comm, buf, 0, 1); err != nil {
				return 0, err
			}
			if err := mpiutil.Send(comm, buf, 0, 2); err != nil {
				return 0, err
			}
		}
		best = min(best, time.Since(start).Seconds()/2)
	}
	return best, nil
}
