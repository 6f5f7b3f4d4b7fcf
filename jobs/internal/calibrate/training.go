// SPDX-License-Identifier: BSD-3-Clause

package calibrate

import (
	"encoding/json"
	"fmt"
	"runtime/debug"

	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/mpiutil"
)

// Machine is all that was measured: how fast a rank is, what messages cost, and
// what ranks of one machine cost each other.
type Machine struct {
	Rates    cost.Rates
	Messages cost.Messages
	Sharing  cost.Sharing
}

// Training measures passes on rank 0 and messages between all ranks of comm, which
// all call it and get the same. Rank 0 may hold so many bytes, 0 for any number: a
// plan that needs more gets a smaller network.
func Training(comm *mpiutil.Comm, dev device.Device[float32], p Plan, memory float64) (Machine, error) {
	var m Machine
	var err error
	if m.Messages, m.Sharing, err = Messages(comm, dev); err != nil {
		return m, err
	}
	if comm.Rank() == 0 {
		var fit Plan
		if fit, err = fitting(p, memory); err == nil {
			m.Rates, err = Compute(dev, fit)
			m.Rates = m.Rates.For(p.Network)
		}
		debug.FreeOSMemory() // the network itself needs it now
	}
	if err = mpiutil.Agree(comm, err); err != nil {
		return m, err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	if data, err = mpiutil.BcastBytes(comm, data, 0); err != nil {
		return m, err
	}
	m = Machine{}
	return m, json.Unmarshal(data, &m)
}

// fitting narrows the network and shrinks the batches of a plan until it needs no
// more than half of the memory.
func fitting(p Plan, memory float64) (Plan, error) {
	need := func() float64 { return cost.MemoryOf(p.Network, cost.One(), p.Batches[1], 0).Total() }
	for memory > 0 && need() > memory/2 {
		switch {
		case p.Batches[1] > 2:
			p.Batches = [2]int{max(1, p.Batches[0]/2), max(2, p.Batches[1]/2)}
			p.Batches[0] = min(p.Batches[0], p.Batches[1]-1)
		case p.Network.Latent > 16:
			p.Network.Latent = max(16, p.Network.Latent/2)
		default:
			return p, fmt.Errorf("calibrate: a network of grid %d needs %.1f GB for two samples, and a rank has %.1f GB: no room to measure its speed", p.Network.Grid, need()/1e9, memory/1e9)
		}
	}
	return p, nil
}
