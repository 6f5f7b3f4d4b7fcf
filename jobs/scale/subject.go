// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/series"
	"github.com/columen/columen/solver/image"
)

// subject is what scale must know of a job.
type subject struct {
	config    func() configs.Job
	sets      func(c configs.Scaling, p series.Point, ranks int) []string
	neutral   []string // settings in place of those of the points
	tolerance func(job configs.Job) float64
	timed     string // what the timed part is
	// part sorts a phase of the manifest: wall is whether its time is that of the
	// timed part, name the phase that it is a part of, "" for neither.
	part    func(phase string, p series.Point) (wall bool, name string)
	endings []string // of the outputs to compare
	measure string   // of the difference
	compare func(reference, path string) (float64, error)
	work    func(job configs.Job, p series.Point) (load, error)
}

// load is what the timed part of a run has to do.
type load struct {
	amount      float64
	unit        string
	flop, bytes float64 // 0 where they are not counted
	axes        []int   // of the rays of each image of the solver
}

// solveFLOPs is the arithmetic of the solver in one cell and channel: the
// operations of a narrow segment in solver/ray/kernel_path.h, a fused
// multiply-add as two (offsets 7, series of Hermite functions 62, exponential 30,
// weights 25, composition 6). Segments that a channel does not see cost none of it,
// wide ones more: the rate made of it is nominal.
const solveFLOPs = 130

// subjectOf returns the subject of a series.
func subjectOf(c configs.Scaling) subject {
	images := subject{
		endings: []string{".fits"}, measure: "largest difference of intensity over the brightest pixel", compare: compareImages,
		timed: "images, without reading the model and writing files",
	}
	switch c.Job {
	case "solve":
		s := images
		s.config = func() configs.Job { return new(configs.Solve) }
		s.neutral = []string{"cube.cells=[64,64,64]", "spectrum.channels=31", "spectrum.spacing_ms=1000", `output.formats=["fits"]`, "output.unit=SI"}
		s.sets = solveSets
		s.tolerance = func(job configs.Job) float64 {
			if job.(*configs.Solve).Solver.Precision == "f32" {
				return 1e-5
			}
			return 1e-12
		}
		s.part = func(phase string, _ series.Point) (bool, string) {
			_, part, _ := strings.Cut(phase, ": ")
			switch part {
			case "image":
				return true, ""
			case "integrate", "exchange", "gather":
				return false, part
			}
			return false, ""
		}
		s.work = func(job configs.Job, p series.Point) (load, error) { return solveLoad(job.(*configs.Solve), p), nil }
		return s
	case "emulate":
		return emulateSubject(c, images)
	}
	return trainSubject()
}

// solveLoad counts cells and channels once for every view. What must come from
// memory are density, temperature, velocity along the rays and turbulence of every
// cell, once for all channels, and what must go there is the image.
func solveLoad(c *configs.Solve, p series.Point) load {
	word := 8.0
	if c.Solver.Precision == "f32" {
		word = 4
	}
	cells, channels, views := float64(p.Cells[0])*float64(p.Cells[1])*float64(p.Cells[2]), float64(p.Channels), float64(len(c.Views))
	l := load{amount: cells * channels * views, unit: "cell·frequency·ray"}
	l.flop = solveFLOPs * l.amount
	for _, v := range c.Views {
		axis := strings.IndexByte("xyz", v.Axis[1])
		l.axes = append(l.axes, axis)
		l.bytes += 4*word*cells + 2*word*cells/float64(p.Cells[axis])*channels
	}
	return l
}

func cellSet(p series.Point) string {
	return fmt.Sprintf("cube.cells=[%d,%d,%d]", p.Cells[0], p.Cells[1], p.Cells[2])
}

func solveSets(c configs.Scaling, p series.Point, _ int) []string {
	return []string{
		cellSet(p), "spectrum.channels=" + strconv.Itoa(p.Channels),
		"spectrum.spacing_ms=" + strconv.FormatFloat(c.WindowMS/float64(p.Channels), 'g', -1, 64),
		`output.formats=["fits"]`, "output.unit=SI",
	}
}

// compareImages returns the largest difference over the brightest pixel.
func compareImages(reference, path string) (float64, error) {
	a, _, err := image.ReadFITS(reference)
	if err != nil {
		return 0, err
	}
	b, _, err := image.ReadFITS(path)
	if err != nil {
		return 0, err
	}
	if len(a.Intensity) != len(b.Intensity) {
		return 0, fmt.Errorf("%s: %d values, and %d in %s", path, len(b.Intensity), len(a.Intensity), reference)
	}
	var most, far float64
	for i, x := range a.Intensity {
		most = max(most, math.Abs(x))
		far = max(far, math.Abs(b.Intensity[i]-x)) // NaN stays
	}
	return relative(path, far, most)
}

func relative(path string, far, most float64) (float64, error) {
	if e := far / most; e >= 0 && !math.IsInf(e, 0) {
		return e, nil
	}
	return 0, fmt.Errorf("%s: differs by %g where the reference is %g at most: allowed: finite values", path, far, most)
}
