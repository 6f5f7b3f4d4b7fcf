// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"errors"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/jobs/internal/calibrate"
	"github.com/columen/columen/jobs/internal/network"
	"github.com/columen/columen/jobs/internal/series"
)

// trained measures, for every series of training, how fast one rank of one thread
// passes through its network: what the prediction of more ranks begins with. A
// series whose data set is not there yet has none.
func (s *study) trained() ([]series.Trained, error) {
	var out []series.Trained
	for _, x := range s.series {
		if x.cfg.Job != "train" {
			continue
		}
		job := new(configs.Train)
		if err := configs.Load(x.cfg.Config, x.sets(x.points[0], 1), job); err != nil {
			return nil, err
		}
		m, err := dataset.ReadManifest(job.Data.Manifest)
		if err != nil {
			s.env.Log.Warn("the speed of one rank is not known", "series", x.cfg.Name, "reason", err)
			continue
		}
		own, all := x.points[0].Batch, 0
		for _, p := range x.points {
			own, all = min(own, (p.Batch+p.Ranks-1)/p.Ranks), max(all, p.Batch)
		}
		n := cost.Network{Variant: job.Network.Variant, Grid: m.Grid, Frequencies: m.Channels, Latent: job.Network.Latent}
		plan := calibrate.Short(n, own, all, 1)
		plan.Steps = 3
		rates, err := calibrate.Compute(network.NewDevice(1), plan)
		if err != nil {
			return nil, errors.Join(errors.New("scale: series "+x.cfg.Name), err)
		}
		out = append(out, series.Trained{Series: x.cfg.Name, Rates: rates.For(n)})
	}
	return out, nil
}
