// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/weights"
	"github.com/columen/columen/jobs/internal/network"
	"github.com/columen/columen/jobs/internal/series"
)

// passes is the number of batches of a run where the configuration says none.
const passes = 20

// emulateSubject times images as the job makes them, one by one; or where the series
// has batches the network alone, warm, on so many images at once.
func emulateSubject(c configs.Scaling, images subject) subject {
	s := images
	s.config = func() configs.Job { return new(configs.Emulate) }
	s.neutral = []string{`output.formats=["fits"]`, "output.unit=SI"}
	if len(c.Cells) > 0 {
		s.neutral = append(s.neutral, "cube.cells=[32,32,32]")
	}
	s.tolerance = func(configs.Job) float64 { return 1e-5 }
	s.sets = func(c configs.Scaling, p series.Point, _ int) []string {
		sets := []string{`output.formats=["fits"]`, "output.unit=SI"}
		if p.Cells[0] > 0 {
			sets = append(sets, cellSet(p))
		}
		if p.Batch == 0 {
			return sets
		}
		base := new(configs.Emulate)
		if configs.Load(c.Config, c.Set, base) == nil && base.Bench.Repeats == 0 {
			sets = append(sets, "bench.repeats="+strconv.Itoa(passes))
		} // another error is found when the run's own settings are loaded
		batch := strconv.Itoa(p.Batch)
		return append(sets, "bench.batch_min="+batch, "bench.batch_max="+batch, "bench.image=yes")
	}
	s.part = func(phase string, p series.Point) (bool, string) {
		wall := strings.HasSuffix(phase, ": emulate") || phase == "emulate"
		if p.Batch > 0 {
			wall = phase == fmt.Sprintf("batch %d", p.Batch)
		}
		return wall, map[bool]string{true: "network"}[wall]
	}
	if len(c.Batch) > 0 {
		s.timed = "network on all batches of a run, warm, without the model and files"
	}
	s.work = func(job configs.Job, p series.Point) (load, error) { return imageLoad(job.(*configs.Emulate), p) }
	return s
}

// imageLoad counts images of a network.
func imageLoad(c *configs.Emulate, p series.Point) (load, error) {
	f, card, err := weights.Open(c.Network.Weights)
	if err != nil {
		return load{}, err
	}
	n := float64(len(c.Views) * c.Models())
	if p.Batch > 0 {
		n = float64(p.Batch * c.Bench.Repeats)
	}
	l := load{amount: n, unit: "image"}
	if card != nil {
		var flop float64
		flop, err = networkFLOPs(card.Network)
		l.flop = flop * n
	}
	return l, errors.Join(err, f.Close())
}

// networkFLOPs is the arithmetic of one sample forward.
func networkFLOPs(n weights.Network) (float64, error) {
	m, err := network.New(network.NewDevice(1), n)
	if err != nil {
		return 0, err
	}
	return float64(m.FLOPs()), nil
}
