// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/solver/ray"
)

// offer is what a method costs, and how good it is.
type offer struct {
	Name      string  `json:"name"`
	Precision string  `json:"precision,omitempty"`
	Kernel    string  `json:"kernel,omitempty"`
	Threads   int     `json:"threads,omitempty"`
	Coarse    int     `json:"cells_per_cell_along_an_edge,omitempty"`
	Scaling   string  `json:"scaling,omitempty"` // of a coarse image: nearest or linear
	Batch     int     `json:"batch,omitempty"`
	MaxRel    float64 `json:"maxrel_median_percent"` // against the solver in double precision

	Seconds    spread `json:"seconds_per_image"`       // by the clock, without files
	FileS      spread `json:"file_seconds_per_image"`  // reading the cube and writing the image
	Cores      spread `json:"core_seconds_per_image"`  // processor time, files included
	FileCores  spread `json:"file_core_seconds_image"` // that of files alone
	BreakEven  count  `json:"images_to_break_even"`    // of the network against this one
	Provenance string `json:"provenance,omitempty"`
}

// spread is a measurement over the timed passes.
type spread struct {
	Median       float64 `json:"median"`
	QuartileLow  float64 `json:"quartile_low"`
	QuartileHigh float64 `json:"quartile_high"`
}

func spreadOf(passes []effort, value func(effort) float64) spread {
	var v []float64
	for _, p := range passes {
		v = append(v, value(p))
	}
	slices.Sort(v)
	at := func(q float64) float64 {
		x := q * float64(len(v)-1)
		i := int(x)
		j := min(i+1, len(v)-1)
		return v[i] + (x-float64(i))*(v[j]-v[i])
	}
	return spread{at(0.5), at(0.25), at(0.75)}
}

// expense is what was spent before the first image [core seconds]; NaN when it is
// not known.
type expense struct {
	generation, training float64
	partial              bool // earlier runs did a part that their manifests lack
}

// comparison is the part of the report about cost.
type comparison struct {
	Grid                  int      `json:"grid"`
	Channels              int      `json:"channels"`
	Samples               int      `json:"samples"`
	Repeats               int      `json:"repeats"`
	GenerationCoreSeconds *float64 `json:"generation_core_seconds"` // null when unknown
	TrainingCoreSeconds   *float64 `json:"training_core_seconds"`
	AtLeast               bool     `json:"core_seconds_are_at_least,omitempty"`
	Rows                  []offer  `json:"rows"`          // published, plain solver, fast solver, emulator
	Settings              []offer  `json:"settings"`      // everything that was measured
	Cheapest              string   `json:"cheapest_good"` // the cheapest solver whose error is at most the network's
}

// published returns what its authors say of the original: the error of the
// abstract of arXiv:2507.11398 and the times of a talk. No processor time can be
// made of them.
func published() offer {
	return offer{Name: "published (Su et al. 2025)", MaxRel: 7, Seconds: spread{0.01181, 0.01181, 0.01181}, BreakEven: count(math.NaN()),
		Provenance: "published, not measured here: MaxRel of about 7 % in the abstract of arXiv:2507.11398; 0.01181 s of the network and 2.67601 s of its solver in a talk (CIUK, 5 December 2025), on a machine that is not named; 64³ cells, seven channels"}
}

// spent reads the manifests of the jobs before.
func (t *task) spent() (expense, error) {
	e := expense{generation: math.NaN(), training: math.NaN()}
	for _, m := range []struct {
		field, path, job, made, what string
		to                           *float64
	}{
		{"compare.generated", t.cfg.Compare.Generated, "generate", t.cfg.Data.Manifest, "data set", &e.generation},
		{"compare.trained", t.cfg.Compare.Trained, "train", t.cfg.Network.Weights, "weights", &e.training},
	} {
		if m.path == "" {
			continue
		}
		manifest, err := run.ReadManifest(m.path, m.job)
		if err != nil {
			return e, err
		}
		if !manifest.Made(m.made) {
			return e, t.problem(m.field, strconv.Quote(m.path), fmt.Sprintf("the manifest of another %s than %s", m.what, m.made), fmt.Sprintf("the manifest that columen %s left beside the %s", m.job, m.what))
		}
		if manifest.CoreSeconds > 0 { // older manifests have none
			*m.to = manifest.CoreSeconds
		}
		e.partial = e.partial || manifest.Continued
	}
	return e, nil
}

// contenders lists the methods; the first is the measure of all.
func (t *task) contenders(c *course) ([]*contender, error) {
	fast, threads := ray.Variants()[0], t.env.Threads
	var all []*contender
	add := func(name, precision string, s setting) error {
		o := offer{Name: name, Precision: precision, Kernel: s.kernel, Threads: s.threads, Coarse: s.coarse}
		if s.coarse > 1 {
			o.Scaling = map[bool]string{false: "nearest", true: "linear"}[s.linear]
			o.Name += fmt.Sprintf(", 1/%d of the grid, %s", s.coarse, o.Scaling)
		}
		var m method
		var err error
		if precision == "f64" {
			m, err = newImager[float64](s, c.medium, t.manifest.FrequenciesHz, c.mesh)
		} else {
			m, err = newImager[float32](s, c.medium, t.manifest.FrequenciesHz, c.mesh)
		}
		all = append(all, &contender{method: m, offer: o, batch: 1})
		return err
	}
	err := add("fast solver, f64", "f64", setting{kernel: fast, threads: threads, coarse: 1})
	if err == nil {
		err = add("plain solver, scalar f64", "f64", setting{kernel: "twin", threads: 1, coarse: 1})
	}
	if err == nil {
		err = add("fast solver, f32", "f32", setting{kernel: fast, threads: threads, coarse: 1})
	}
	for _, coarse := range []int{2, 4} {
		for _, linear := range []bool{false, true} {
			for _, precision := range []string{"f64", "f32"} {
				if err == nil {
					err = add("fast solver, "+precision, precision, setting{kernel: fast, threads: threads, coarse: coarse, linear: linear})
				}
			}
		}
	}
	for _, batch := range slices.Compact([]int{1, t.cfg.Compare.Batch}) {
		name := fmt.Sprintf("emulator, batches of %d", batch)
		if t.cfg.Network.Symmetrise == "yes" {
			name += ", symmetrised"
		}
		all = append(all, &contender{method: newEmulated(t.shape, t.manifest.Normalization, t.predict, batch), batch: batch,
			offer: offer{Name: name, Precision: "f32", Threads: threads, Batch: batch}})
	}
	return all, err
}

// tabulate makes the table.
func (t *task) tabulate(contenders []*contender, fixed expense) *comparison {
	r := &comparison{Grid: t.shape.Grid, Channels: t.shape.Channels, Samples: len(contenders[0].images), Repeats: t.cfg.Compare.Repeats, AtLeast: fixed.partial}
	known := func(x float64) *float64 {
		if math.IsNaN(x) {
			return nil
		}
		return &x
	}
	r.GenerationCoreSeconds, r.TrainingCoreSeconds = known(fixed.generation), known(fixed.training)
	network := -1
	for i, x := range contenders {
		x.Seconds = spreadOf(x.passes, func(e effort) float64 { return e.wall - e.filesWall })
		x.FileS = spreadOf(x.passes, func(e effort) float64 { return e.filesWall })
		x.Cores = spreadOf(x.passes, func(e effort) float64 { return e.cores })
		x.FileCores = spreadOf(x.passes, func(e effort) float64 { return e.filesCores })
		if x.Batch > 0 && (network < 0 || x.Cores.Median < contenders[network].Cores.Median) {
			network = i
		}
	}
	best := contenders[network]
	var costs, errors []float64
	for _, x := range contenders {
		x.BreakEven = count(math.NaN())
		if x.Batch == 0 {
			x.BreakEven = breakEven(fixed.generation+fixed.training, x.Cores.Median, best.Cores.Median)
			costs, errors = append(costs, x.Cores.Median), append(errors, x.MaxRel)
		}
	}
	winner := contenders[cheapest(costs, errors, best.MaxRel)] // the first is without error, so there is one
	best.BreakEven, r.Cheapest = winner.BreakEven, winner.Name
	for _, x := range contenders {
		r.Settings = append(r.Settings, x.offer)
	}
	r.Rows = []offer{published(), contenders[1].offer, contenders[0].offer, best.offer}
	return r
}

// print writes the table for people.
func (r *comparison) print(w io.Writer) {
	fmt.Fprintf(w, "\n%d held-out cubes of %d³ cells, %d channels, %d passes; median and quartiles of milliseconds per image\n\n", r.Samples, r.Grid, r.Channels, r.Repeats)
	fmt.Fprintf(w, "%-42s %7s %28s %9s %10s %12s %12s\n", "", "threads", "time", "files", "core time", "MaxRel", "break-even")
	line := func(o offer) {
		ms := func(s spread) string {
			return fmt.Sprintf("%.3f [%.3f, %.3f]", 1e3*s.Median, 1e3*s.QuartileLow, 1e3*s.QuartileHigh)
		}
		if o.Threads == 0 {
			fmt.Fprintf(w, "%-42s %7s %28s %9s %10s %10s %% %12s\n", o.Name, "", fmt.Sprintf("%.2f", 1e3*o.Seconds.Median), "", "", fmt.Sprintf("~%.0f", o.MaxRel), "not given")
			return
		}
		images := o.BreakEven.String()
		if o.Batch > 0 && o.Name != r.Rows[3].Name {
			images = ""
		}
		fmt.Fprintf(w, "%-42s %7d %28s %9.3f %10.3f %10.4g %% %12s\n", o.Name, o.Threads, ms(o.Seconds), 1e3*o.FileS.Median, 1e3*o.Cores.Median, o.MaxRel, images)
	}
	for _, o := range r.Rows {
		line(o)
	}
	fmt.Fprintf(w, "\npublished: %s\n\nall settings\n", strings.TrimPrefix(r.Rows[0].Provenance, "published, "))
	for _, o := range r.Settings {
		line(o)
	}
	cost := func(x *float64) string {
		if x == nil {
			return "unknown"
		}
		return fmt.Sprintf("%.1f core seconds", *x)
	}
	least := ""
	if r.AtLeast {
		least = " (at least: a part was done by runs that were ended)"
	}
	fmt.Fprintf(w, "\ngeneration %s, training %s%s\n", cost(r.GenerationCoreSeconds), cost(r.TrainingCoreSeconds), least)
	fmt.Fprintf(w, "Core time is that of all threads, from cube file to image file. Break-even is the number\nof images after which generation, training and emulation cost less of it. The cheapest\nsolver that is no worse than the network: %s: after %s images\n", r.Cheapest, r.Rows[3].BreakEven)
}
