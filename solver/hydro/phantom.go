// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"math"
	"os"
)

// PhantomOptions is what a Phantom dump does not say. The TOML key of each
// field is given in brackets.
type PhantomOptions struct {
	MeanMolWeight float64 // mean molecular weight μ of the gas in amu; needed where the dump has u and no μ of each particle [mean_mol_weight]
	TemperatureK  float64 // of an isothermal model; only for dumps without u [temperature_k]
	Boundary      bool    // keep boundary particles, the innermost shells of a wind [boundary_particles]
}

// Phantom's types of particles that are gas. Dust, stars and dark matter do
// not emit lines of CO.
const (
	phantomGas      = 1
	phantomBoundary = 3
)

// Phantom is an open dump of the SPH code Phantom, as compiled by gfortran:
// full or small, with tags, little-endian. The header is read, arrays are read
// on demand.
type Phantom struct {
	file   *os.File
	src    *source
	header *PhantomHeader
}

// OpenPhantom opens a dump and reads its header. The error names the file, the
// byte offset, what was found and what is allowed.
func OpenPhantom(path string) (*Phantom, error) {
	f, src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	h, err := parsePhantomHeader(src)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Phantom{file: f, src: src, header: h}, nil
}

// Close closes the file.
func (p *Phantom) Close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}

// Header returns the header, which must not be changed.
func (p *Phantom) Header() *PhantomHeader { return p.header }

// Has reports whether a block holds an array.
func (p *Phantom) Has(block int, tag string) bool {
	for _, a := range p.header.Arrays {
		if a.Block == block && a.Tag == tag {
			return true
		}
	}
	return false
}

// Array reads an array of a block; those of the threads of an MPI run are
// joined.
func (p *Phantom) Array(block int, tag string) ([]float64, error) {
	var out []float64
	for _, a := range p.header.Arrays {
		if a.Block != block || a.Tag != tag {
			continue
		}
		x, err := p.read(a)
		if err != nil {
			return nil, err
		}
		out = append(out, x...)
	}
	if out == nil {
		return nil, fmt.Errorf("%s: array %s of block %d is missing: found %v", p.src.name, tag, block, p.tags(block))
	}
	return out, nil
}

func (p *Phantom) read(a PhantomArray) ([]float64, error) {
	raw := make([]byte, a.Len*p.header.bytesOf(a.Kind))
	if err := p.src.read(raw, a.offset, a.Tag); err != nil {
		return nil, err
	}
	return p.header.decode(raw, a.Kind), nil
}

func (p *Phantom) tags(block int) []string {
	var out []string
	for _, a := range p.header.Arrays {
		if a.Block == block {
			out = append(out, a.Tag)
		}
	}
	return out
}

// place returns the byte offset of element i of an array.
func (p *Phantom) place(block int, tag string, i int) int64 {
	for _, a := range p.header.Arrays {
		if a.Block == block && a.Tag == tag {
			if i < a.Len {
				return a.offset + int64(i*p.header.bytesOf(a.Kind))
			}
			i -= a.Len
		}
	}
	return -1
}

// bad is the error that particle i has a value that is no gas.
func (p *Phantom) bad(tag string, i int, x float64, want string) error {
	return p.src.bad(p.place(1, tag, i), fmt.Sprintf("particle %d, %s", i, tag), x, want)
}

// phantomUnits are the units of a dump in SI.
type phantomUnits struct{ length, mass, velocity float64 }

// scale returns the units and the constants that a dump must have.
func (p *Phantom) scale() (u phantomUnits, hfact float64, err error) {
	value := func(tag string) float64 {
		x := p.header.All(tag)
		if len(x) == 0 {
			if err == nil {
				err = fmt.Errorf("%s: header: %s is missing: want it, as Phantom writes it", p.src.name, tag)
			}
			return math.NaN()
		}
		if !(x[0] > 0 && x[0] <= math.MaxFloat64) && err == nil {
			err = fmt.Errorf("%s: header: %s: found %g, want a positive finite number", p.src.name, tag, x[0])
		}
		return x[0]
	}
	cm, gram, second := value("udist"), value("umass"), value("utime")
	hfact = value("hfact")
	return phantomUnits{length: cm * 1e-2, mass: gram * 1e-3, velocity: cm * 1e-2 / second}, hfact, err
}

// temperaturePerU is T/u for u in code units, per μ and (γ−1) of particles that
// have their own:
//
//	T = μ m_u (γ−1) u / k_B
//
// as for ieos = 2 [Price et al. 2018, sect. 2.2], but with the atomic mass unit
// where Phantom has the mass of the proton. Runs with chemistry store arrays mu
// and gamma. It is 0 for a model without u.
func (p *Phantom) temperaturePerU(o PhantomOptions, u phantomUnits) (float64, error) {
	name := p.src.name
	if !p.Has(1, "u") {
		if !(o.TemperatureK > 0 && o.TemperatureK <= math.MaxFloat64) {
			return 0, fmt.Errorf("%s: temperature_k is missing: want a positive number, for the dump has no internal energy u", name)
		}
		return 0, nil
	}
	if o.TemperatureK != 0 {
		return 0, fmt.Errorf("%s: temperature_k = %g: remove it, for the dump has the internal energy u", name, o.TemperatureK)
	}
	perU := atomicMass / boltzmann * u.velocity * u.velocity
	switch own := p.Has(1, "mu"); {
	case own && o.MeanMolWeight != 0:
		return 0, fmt.Errorf("%s: mean_mol_weight = %g: remove it, for the dump has mu of every particle", name, o.MeanMolWeight)
	case !own && !(o.MeanMolWeight > 0 && o.MeanMolWeight <= math.MaxFloat64):
		return 0, fmt.Errorf("%s: mean_mol_weight = %g: want a positive number, for the dump does not store it", name, o.MeanMolWeight)
	case !own:
		perU *= o.MeanMolWeight
	}
	if p.Has(1, "gamma") {
		return perU, nil
	}
	gamma := p.header.All("gamma")
	if len(gamma) == 0 || !(gamma[0] > 1 && gamma[0] <= 10) {
		return 0, fmt.Errorf("%s: header: gamma: found %v, want one number above 1 to turn u into a temperature", name, gamma)
	}
	return perU * (gamma[0] - 1), nil
}
