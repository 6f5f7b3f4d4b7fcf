// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/mapping"
	"github.com/columen/columen/solver/si"
)

// snapshot is a model that was read.
type snapshot struct {
	points *hydro.Points
	center [3]float64 // about which it turns; the middle of the cube where the box is fixed [m]
	of     string     // the publication of the code that made it
	err    error
}

// library reads snapshots for the threads of this rank and keeps the last ones,
// so that each is read once where samples come in the order of their models.
type library struct {
	s    *Set
	most int    // models kept
	file string // of the configuration, for errors

	species string // whose line is solved
	read    func(file string, m configs.Model, c *configs.Cubing) (model.Cloud, error)

	mu    sync.Mutex
	books map[int]*book
	order []int // models kept, the oldest first
}

// book is a model of a library; the first who wants it reads it.
type book struct {
	once sync.Once
	snap snapshot
}

func newLibrary(file string, s *Set, species string, most int) *library {
	return &library{s: s, file: file, species: species, most: most, read: model.Points, books: map[int]*book{}}
}

// model returns a snapshot.
func (l *library) model(i int) (snapshot, error) {
	l.mu.Lock()
	b := l.books[i]
	if b == nil {
		b = &book{}
		l.books[i] = b
		if l.order = append(l.order, i); len(l.order) > l.most {
			delete(l.books, l.order[0])
			l.order = l.order[1:]
		}
	}
	l.mu.Unlock()
	b.once.Do(func() { b.snap = l.open(i) })
	return b.snap, b.snap.err
}

// open reads a snapshot and drops the points that no sample can need.
func (l *library) open(i int) snapshot {
	cfg, m := l.s.Config.Mapping, l.s.Config.Models[i]
	g := l.s.Shape.Grid
	cloud, err := l.read(l.file, m, &configs.Cubing{Cells: [3]int{g, g, g}, MassPerH2AMU: cfg.MassPerH2AMU, COPerH2: cfg.COPerH2,
		TemperatureFloorK: cfg.TemperatureFloorK, VTurbMS: &l.s.Config.Data.VTurbMS})
	p, box := cloud.Points, cloud.Box
	switch {
	case err != nil:
	case p.Len() == 0:
		err = fmt.Errorf("%s: the snapshot has no points", m.Snapshot)
	case cloud.Species != l.species:
		err = &configs.Error{Problems: []configs.Problem{{File: l.file, Field: "line.molecule", Value: strconv.Quote(l.s.Config.Line.Molecule),
			Reason: fmt.Sprintf("is %s, and %s has the density of %s", l.species, m.Snapshot, cloud.Species), Allowed: "the line data of " + cloud.Species}}}
	case cfg.Method == "sph" && p.Smoothing == nil:
		err = &configs.Error{Problems: []configs.Problem{{File: l.file, Field: "mapping.method", Value: strconv.Quote(cfg.Method),
			Reason: m.Snapshot + " has no particles with smoothing lengths", Allowed: "haar; sph for dumps of SPH codes"}}}
	}
	if err != nil {
		return snapshot{err: err}
	}
	if err := l.checkTurbulence(i, p); err != nil {
		return snapshot{err: err}
	}
	middle := mapping.Midpoint(p.Box())
	if l.s.Quirks.SampleBox { // as published: no box but that of the points
		s := snapshot{points: mapping.Ball(p, middle, l.s.Config.Compat.RadiusM), center: middle, of: cloud.Reference}
		if s.points.Len() < 2 {
			s.err = fmt.Errorf("%s: %d points within compat.radius_m = %g m of its middle: want 2 at least", m.Snapshot, s.points.Len(), l.s.Config.Compat.RadiusM)
		}
		return s
	}
	s := snapshot{center: mapping.Midpoint(box), of: cloud.Reference}
	if cfg.CenterAU != nil {
		for a, x := range cfg.CenterAU {
			s.center[a] = x * si.AU
		}
	}
	if err := l.checkBox(i, box, s.center); err != nil {
		return snapshot{err: err}
	}
	s.points = mapping.Ball(p, s.center, l.reach()*(1+1e-6)+l.drift(s.center)+smoothed(p))
	return s
}

// smoothed is how far from its place a particle has gas [m].
func smoothed(p *hydro.Points) float64 {
	if len(p.Smoothing) == 0 {
		return 0
	}
	return 2 * slices.Max(p.Smoothing)
}

// drift is how far the turned middle of a model can lie from where it was.
func (l *library) drift(center [3]float64) float64 {
	if !l.s.Quirks.OriginRotation {
		return 0
	}
	return 2 * math.Sqrt(center[0]*center[0]+center[1]*center[1]+center[2]*center[2])
}

// reach is the distance from the middle of a cube to its corners [m].
func (l *library) reach() float64 { return math.Sqrt(3) / 2 * l.s.Config.Data.BoxAU * si.AU }

// checkBox refuses a cube that no model fills: turned, its corners reach
// √3/2 of its edge from the middle.
func (l *library) checkBox(i int, box grid.Box, center [3]float64) error {
	room := math.Inf(1) // from the middle to the nearest face of the model
	for a := range center {
		room = min(room, center[a]-box.Min[a], box.Max[a]-center[a])
	}
	need, most := l.reach(), 2/math.Sqrt(3)*room
	if l.s.Kind() == dataset.FaceOn {
		need, most = l.s.Config.Data.BoxAU*si.AU/2, 2*room
	}
	if need <= room*(1+1e-9) {
		return nil
	}
	p := configs.Problem{File: l.s.Config.Models[i].Snapshot, Field: "data.box_au", Value: fmt.Sprintf("%g", l.s.Config.Data.BoxAU),
		Reason:  fmt.Sprintf("turned, its corners lie %.6g au from the middle, outside the model, whose nearest face is at %.6g au", need/si.AU, room/si.AU),
		Allowed: fmt.Sprintf("at most %.6g au for this model", most/si.AU)}
	if room <= 0 {
		p.Field, p.Value, p.Reason = "mapping.center_au", fmt.Sprint(*l.s.Config.Mapping.CenterAU), "lies outside the model"
		p.Allowed = fmt.Sprintf("a point between %.6g and %.6g au", scaled(box.Min), scaled(box.Max))
	} else if l.s.Kind() == dataset.FaceOn {
		p.Reason = fmt.Sprintf("wider than the model, whose nearest face is %.6g au from the middle", room/si.AU)
	}
	return &configs.Error{Problems: []configs.Problem{p}}
}

// scaled is a point in au.
func scaled(m [3]float64) [3]float64 { return [3]float64{m[0] / si.AU, m[1] / si.AU, m[2] / si.AU} }

// turbulenceSlack is how far the v_turb of a point may differ from that of the
// data set: rounding of single precision and of units.
const turbulenceSlack = 1e-5

// checkTurbulence refuses a snapshot with another v_turb than the data set, for
// the network does not see it. Where it is lost anyway, it may differ.
func (l *library) checkTurbulence(i int, p *hydro.Points) error {
	want := l.s.Config.Data.VTurbMS
	if l.s.Quirks.LostTurbulence {
		return nil
	}
	for k, v := range p.Turbulence {
		if !(math.Abs(v-want) <= turbulenceSlack*want) {
			return &configs.Error{Problems: []configs.Problem{{File: l.s.Config.Models[i].Snapshot, Field: "data.v_turb_ms", Value: fmt.Sprintf("%g", want),
				Reason:  fmt.Sprintf("the snapshot has v_turb = %g m/s at point %d, and the network does not see it: it must be the same in all cells of all models", v, k),
				Allowed: "the v_turb of the snapshot, where it is the same everywhere; or compat.lost_turbulence"}}}
		}
	}
	return nil
}
