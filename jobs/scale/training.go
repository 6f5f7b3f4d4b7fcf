// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/emulator/weights"
	"github.com/columen/columen/jobs/internal/series"
)

// trainSubject compares losses, not weights: sums over ranks differ by rounding,
// which Adam's division by the root of a small second moment makes steps of full
// size where a gradient is next to nothing. The losses hardly depend on those
// weights, and a gradient that lacks the part of a rank moves them by far more.
func trainSubject() subject {
	return subject{
		config:    func() configs.Job { return new(configs.Train) },
		neutral:   []string{"data.batch=32"},
		sets:      trainSets,
		tolerance: func(configs.Job) float64 { return 1e-2 },
		timed:     "steps of training, without validation and reading of the first batch",
		part: func(phase string, _ series.Point) (bool, string) {
			part, split := strings.CutPrefix(phase, "step: ")
			switch {
			case split:
				return false, part
			case phase == "wait for data" || phase == "compute":
				return true, ""
			}
			return false, ""
		},
		endings: []string{".jsonl"}, measure: "largest relative difference of a loss in the history", compare: compareHistories,
		work: func(job configs.Job, _ series.Point) (load, error) {
			return trainingLoad(job.(*configs.Train))
		},
	}
}

// trainSets sets the batch, and what the ranks share. In a weak series the batch is
// as many times larger as there are ranks, or threads, so an epoch has so many times
// fewer steps: with as many times more epochs each rank has the same steps of the
// same size.
func trainSets(c configs.Scaling, p series.Point, ranks int) []string {
	sets := []string{"data.batch=" + strconv.Itoa(p.Batch)}
	switch c.Mesh {
	case "tensor":
		sets = append(sets, "parallel.tensor="+strconv.Itoa(ranks))
	case "space":
		sets = append(sets, fmt.Sprintf("parallel.space=[%d,1,1]", ranks))
	}
	grow := p.Along(c.Over)
	if c.Law != series.Weak || grow == 1 {
		return sets
	}
	base := new(configs.Train)
	if configs.Load(c.Config, c.Set, base) != nil {
		return sets // the error is found when the run's own settings are loaded
	}
	return append(sets, "run.epochs="+strconv.Itoa(base.Run.Epochs*grow))
}

// trainingLoad counts every sample of every epoch; a pass backward does about the
// arithmetic of two forward.
func trainingLoad(c *configs.Train) (load, error) {
	m, err := dataset.ReadManifest(c.Data.Manifest)
	if err != nil {
		return load{}, err
	}
	samples := 0
	for _, e := range m.Shards {
		if e.Part == dataset.Train {
			samples += e.Samples
		}
	}
	flop, err := networkFLOPs(weights.Network{Variant: c.Network.Variant, Grid: m.Grid, Frequencies: m.Channels, Latent: c.Network.Latent})
	n := float64(samples * c.Run.Epochs)
	return load{amount: n, unit: "sample", flop: 3 * flop * n}, err
}

// compareHistories returns the largest relative difference of the losses of
// training and validation over all epochs. Runs of other epochs or steps have not
// done the same work, which is an error.
func compareHistories(reference, path string) (float64, error) {
	a, err := readHistory(reference)
	b, err2 := readHistory(path)
	if err = errors.Join(err, err2); err != nil {
		return 0, err
	}
	if len(a) != len(b) || len(a) == 0 {
		return 0, fmt.Errorf("%s: %d epochs, and %d in %s", path, len(b), len(a), reference)
	}
	var most float64
	for i, e := range a {
		if b[i].Step != e.Step {
			return 0, fmt.Errorf("%s: epoch %d ends with step %d, and with %d in %s", path, i, b[i].Step, e.Step, reference)
		}
		for _, pair := range [][2]float64{{e.Train.Loss, b[i].Train.Loss}, {e.Validation.Loss, b[i].Validation.Loss}} {
			d, err := relative(path, math.Abs(pair[1]-pair[0]), math.Abs(pair[0]))
			if err != nil {
				return 0, err
			}
			most = max(most, d)
		}
	}
	return most, nil
}

// readHistory reads the epochs that columen train wrote.
func readHistory(path string) ([]train.Epoch, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []train.Epoch
	for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		var e train.Epoch
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("%s:%d: %w: allowed: the history of columen train", path, i+1, err)
		}
		list = append(list, e)
	}
	return list, nil
}
