// SPDX-License-Identifier: BSD-3-Clause

package train

// Supply is how samples came to training, over all ranks. After a restart in the
// middle of an epoch it is that since the restart.
type Supply struct {
	Goroutines int     `json:"goroutines"`   // that read or make samples
	Samples    int64   `json:"samples"`      // that they read or made, ahead of their use
	SampleS    float64 `json:"sample_s"`     // of a goroutine per sample
	Idle       float64 `json:"idle"`         // fraction of their time without room for more samples
	Waiting    float64 `json:"trainer_idle"` // fraction of the trainers' time without samples
	TrainerS   float64 `json:"trainer_s"`    // of all trainers together per sample, waiting left out
}

// Rate is the samples per second that the goroutines can supply if they do
// nothing else.
func (s Supply) Rate() float64 {
	if s.SampleS == 0 {
		return 0
	}
	return float64(s.Goroutines) / s.SampleS
}

// TrainerRate is the samples per second that training can take.
func (s Supply) TrainerRate() float64 {
	if s.TrainerS == 0 {
		return 0
	}
	return 1 / s.TrainerS
}

// Cores is how many cores make as many samples as training can take.
func (s Supply) Cores() float64 { return s.TrainerRate() * s.SampleS }

// supply puts together the efforts of all ranks in an epoch.
func (t *Trainer) supply(r running) (Supply, error) {
	own := t.effort()
	all, err := t.team.Gather([]float64{float64(own.Samples), own.Busy, own.Idle, r.DataS, r.ComputeS})
	if err != nil {
		return Supply{}, err
	}
	var sum [5]float64
	for _, rank := range all {
		for i, v := range rank {
			sum[i] += v
		}
	}
	ratio := func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return a / b
	}
	goroutines := len(all) * max(1, t.opts.Workers)
	if t.opts.Batches != nil {
		goroutines = t.opts.Makers
	}
	return Supply{
		Goroutines: goroutines, Samples: int64(sum[0]), SampleS: ratio(sum[1], sum[0]), Idle: ratio(sum[2], sum[1]+sum[2]),
		Waiting: ratio(sum[3], sum[3]+sum[4]), TrainerS: ratio(sum[4]/float64(len(all)), float64(r.Samples)),
	}, nil
}
