// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package model

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/grid"
)

// writeRADMC3D writes a cube as an input folder of RADMC-3D, in cgs, and returns
// its grid: density and velocity in binary, the others as text of as many digits
// as their numbers need.
func writeRADMC3D(t *testing.T, c *grid.Cube[float64]) string {
	t.Helper()
	dir, n := t.TempDir(), c.Mesh.Cells
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	lines := []string{"1", "0", "0", "0", "1 1 1", fmt.Sprintf("%d %d %d", n[0], n[1], n[2])}
	for a := range n {
		for i := range n[a] + 1 {
			lines = append(lines, number(100*(c.Mesh.Box.Min[a]+c.Mesh.Box.Size()[a]*float64(i)/float64(n[a]))))
		}
	}
	write("amr_grid.inp", []byte(strings.Join(lines, "\n")+"\n"))
	cells := c.Mesh.NumCells()
	dense := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, 1), 8), uint64(cells))
	fast := append([]byte(nil), dense...)
	warm, turbulent := []string{"1", strconv.Itoa(cells)}, []string{"1", strconv.Itoa(cells)}
	for z := range n[2] {
		for y := range n[1] {
			for x := range n[0] { // the fastest
				i := c.Index(x, y, z)
				dense = binary.LittleEndian.AppendUint64(dense, math.Float64bits(c.Density[i]*1e-6))
				for _, v := range c.Velocity {
					fast = binary.LittleEndian.AppendUint64(fast, math.Float64bits(v[i]*100))
				}
				warm, turbulent = append(warm, number(c.Temperature[i])), append(turbulent, number(c.Turbulence[i]*100))
			}
		}
	}
	write("numberdens_co.binp", dense)
	write("gas_velocity.binp", fast)
	write("gas_temperature.inp", []byte(strings.Join(warm, "\n")+"\n"))
	write("microturbulence.inp", []byte(strings.Join(turbulent, "\n")+"\n"))
	return filepath.Join(dir, "amr_grid.inp")
}

// TestSameModelThreeFormats: one model as a snapshot of AMRVAC, as a model of
// Magritte and as an input folder of RADMC-3D gives one cube and one image, seen
// along an axis and from between. RADMC-3D has all 8 bytes, and cgs: two
// roundings of each number, and three of a velocity. Magritte has 4 bytes, 2⁻²⁴
// of each field. To first order an image then differs by no more than its
// sensitivity times that: with I ∝ n at most, T in S, Z and the width, and the
// line moved by δv, of which an offset b takes √2·e^{-1/2}·δv/β at most.
func TestSameModelThreeFormats(t *testing.T) {
	const cells, half = 24, 10.0
	a := cubeOf(t, amrvac(), "average", cells, half)
	b := cubeOf(t, configs.Model{Snapshot: magritteModel}, "nearest", cells, half)
	s, err := Open("test.toml", configs.Model{Cube: writeRADMC3D(t, a), Format: "auto"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := Load[float64](s, s.Mesh.Full(), [3]bool{true, true, true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Line("test.toml", configs.Line{Molecule: configs.BuiltinCO, Transition: configs.Transition{Label: "2-1"}})
	if err != nil {
		t.Fatal(err)
	}

	// 1. The cubes.
	var fastest float64
	narrowest, eps := math.Inf(1), math.Pow(2, -24)
	for i := range a.Density {
		for _, v := range a.Velocity {
			fastest = max(fastest, math.Abs(v[i]))
		}
		narrowest = min(narrowest, l.DopplerWidth(a.Temperature[i], a.Turbulence[i]))
	}
	for _, other := range []struct {
		name    string
		cube    *grid.Cube[float64]
		allowed float64
	}{{"RADMC-3D", r, 3.4e-16}, {"Magritte", b, 1.04 * eps}} {
		if got, want := other.cube.Mesh, a.Mesh; got.Cells != want.Cells || math.Abs(got.Box.Min[1]/want.Box.Min[1]-1) > 1e-15 {
			t.Errorf("%s: mesh %v, want %v", other.name, got, want)
		}
		worst := map[string]float64{}
		compare := func(name string, x, y []float64, scale float64) {
			for i := range x {
				size := scale
				if scale == 0 {
					size = math.Abs(x[i])
				}
				worst[name] = max(worst[name], math.Abs(x[i]-y[i])/size)
			}
		}
		compare("density", a.Density, other.cube.Density, 0)
		compare("temperature", a.Temperature, other.cube.Temperature, 0)
		compare("turbulence", a.Turbulence, other.cube.Turbulence, 0)
		for axis := range a.Velocity {
			compare("velocity", a.Velocity[axis], other.cube.Velocity[axis], fastest)
		}
		t.Logf("AMRVAC and %s: %v", other.name, worst)
		for field, w := range worst {
			if !(w <= other.allowed) {
				t.Errorf("AMRVAC and %s: %s differs by %.3g, want at most %.2g", other.name, field, w, other.allowed)
			}
		}
	}

	// 2. The images.
	rounding := func(eps float64) float64 {
		return eps * (4 + math.Sqrt(2)*math.Exp(-0.5)*math.Sqrt(3)*fastest/narrowest)
	}
	for _, angles := range [][2]float64{{0, 0}, {60, 30}} {
		var nu []float64
		for i := -6; i <= 6; i++ {
			nu = append(nu, l.RestFrequencyHz*(1+float64(i)*2500/299792458))
		}
		cam := solver.NewCamera(angles[0], angles[1], 0).Frame(a.Mesh, 0, 0, 0)
		image := func(c *grid.Cube[float64]) []float64 {
			var img *solver.Image
			if err := mpiutil.InProcess(1, func(comm *mpiutil.Comm) (err error) {
				d, err := grid.Decompose(c.Mesh, [3]int{1, 1, 1}, 1)
				if err == nil {
					img, err = solver.Solve(comm, d, c, solver.Problem{Line: l, FrequenciesHz: nu, Camera: &cam})
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return img.Intensity
		}
		of := image(a)
		for _, other := range []struct {
			name    string
			img     []float64
			allowed float64
		}{{"RADMC-3D", image(r), rounding(3.4e-16) + 1e-14}, {"Magritte", image(b), rounding(1.04 * eps)}} {
			var worst, peak float64
			for i, x := range of {
				worst, peak = max(worst, math.Abs(x-other.img[i])), max(peak, x)
			}
			t.Logf("from %v, AMRVAC and %s: the image differs by %.2g of its peak, allowed %.2g", angles, other.name, worst/peak, other.allowed)
			if !(peak > 0 && worst <= other.allowed*peak) {
				t.Errorf("from %v, AMRVAC and %s: the image differs by %.3g of its peak, want at most %.2g", angles, other.name, worst/peak, other.allowed)
			}
		}
	}
}
