// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/astrogo/fitsio"

	"github.com/columen/columen/internal/atomicfile"
	"github.com/columen/columen/internal/h5"
)

// Map is one number per pixel of an image.
type Map struct {
	Name    string    // in files: EXTNAME, and the dataset in lower case
	Title   string    // for people
	Unit    string    // of Values, as the FITS standard spells it; "" for none
	Comment string    // what it is, on a card
	Values  []float64 // [y, x]; NaN is blank
}

// MapsSchema is the name and version of the HDF5 layout of maps: one dataset
// [y, x] per map with its unit in the attribute units and what it is in
// description, root attributes as those of Schema.
const MapsSchema = "columen-maps-1"

// MomentMap returns moment 0, 1 or 2 of the line: the integral in unit u times
// m/s, the mean velocity, or its standard deviation, both m/s. Velocities are
// blank where moment 0 is not above a thousandth of its maximum.
func (im *Image) MomentMap(order int, u Unit, distancePc float64) (Map, error) {
	m, err := im.Moments(u, distancePc, 1e-3)
	if err != nil {
		return Map{}, err
	}
	switch order {
	case 0:
		return Map{"MOMENT0", "Integrated intensity", u.fits() + " m s-1", "integral of I - I_bg over velocity", m.Integrated}, nil
	case 1:
		return Map{"MOMENT1", "Mean velocity", "m s-1", "radio velocity, positive recedes", m.Velocity}, nil
	case 2:
		return Map{"MOMENT2", "Velocity dispersion", "m s-1", "standard deviation of velocity", m.Dispersion}, nil
	}
	return Map{}, fmt.Errorf("image: moment %d: want 0, 1 or 2", order)
}

// BrightnessMaps returns the brightness temperature of the brightest channel of
// each pixel, background included, in two forms [Rybicki & Lightman 1979]:
//
//	TB_RJ      c² I_ν/(2kν²)                         Rayleigh–Jeans, eq. 1.59
//	TB_PLANCK  (hν/k) / ln(1 + 2hν³/(c² I_ν))        of the black body as bright, eq. 1.51 solved for T
func (im *Image) BrightnessMaps() ([]Map, error) {
	if err := im.Validate(); err != nil {
		return nil, err
	}
	n := im.NX * im.NY
	rj := Map{"TB_RJ", "Peak brightness temperature", "K", "Rayleigh-Jeans, brightest channel, with background", make([]float64, n)}
	planck := Map{"TB_PLANCK", "Peak Planck temperature", "K", "black body as bright, brightest channel", make([]float64, n)}
	for k, nu := range im.FrequenciesHz {
		f, err := im.Factor(Kelvin, k, 0)
		if err != nil {
			return nil, err
		}
		hot := planckConstant * nu / boltzmann
		for p, i := range im.Channel(k) {
			rj.Values[p] = math.Max(rj.Values[p], i*f) // a blank stays blank
			planck.Values[p] = math.Max(planck.Values[p], hot/math.Log1p(hot/(i*f)))
		}
	}
	return []Map{rj, planck}, nil
}

// planckConstant is exact in the SI (2019) [J s].
const planckConstant = 6.62607015e-34

// CheckMaps returns an error for maps that do not fit the image.
func (im *Image) CheckMaps(maps []Map) error {
	names := map[string]bool{}
	for _, m := range maps {
		if len(m.Values) != im.NX*im.NY {
			return fmt.Errorf("image: map %s has %d values: want %d × %d", m.Name, len(m.Values), im.NY, im.NX)
		}
		if m.Name == "" || names[m.Name] {
			return fmt.Errorf("image: map named %q: want names that all differ", m.Name)
		}
		names[m.Name] = true
	}
	if len(maps) == 0 {
		return errors.New("image: no maps")
	}
	return im.Validate()
}

// WriteMapsFITS writes maps as image units of one file, the first as the primary
// one, with the axes of the image. Only distance and position of opts count.
func WriteMapsFITS(path string, im *Image, maps []Map, opts FITSOptions) error {
	fail := func(err error) error { return fmt.Errorf("write %s: %w", path, err) }
	opts, err := opts.checked()
	if err == nil {
		err = im.CheckMaps(maps)
	}
	if err != nil {
		return fail(err)
	}
	return atomicfile.Write(path, func(tmp string) error {
		f, err := os.OpenFile(tmp, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		b := bufio.NewWriterSize(f, 1<<20)
		err = encodeMaps(b, im, maps, opts)
		return errors.Join(err, b.Flush(), f.Close())
	})
}

func encodeMaps(b *bufio.Writer, im *Image, maps []Map, opts FITSOptions) error {
	out, err := fitsio.Create(b)
	if err != nil {
		return err
	}
	defer out.Close()
	for i, m := range maps {
		hdu := fitsio.NewImage(-64, []int{im.NX, im.NY})
		var cards []fitsio.Card
		if i == 0 {
			cards = append(cards, fitsio.Card{Name: "EXTEND", Value: len(maps) > 1, Comment: "further maps follow"})
		} else {
			cards = append(cards, fitsio.Card{Name: "PCOUNT", Value: 0}, fitsio.Card{Name: "GCOUNT", Value: 1})
		}
		cards = append(cards, stringCard("EXTNAME", m.Name, ""), stringCard("ORIGIN", "columen", "program that made the map"),
			stringCard("SCHEMA", MapsSchema, "layout of this file"), stringCard("OBJECT", im.ModelName, "model"))
		if m.Unit != "" {
			cards = append(cards, stringCard("BUNIT", m.Unit, ""))
		}
		cards = append(cards, stringCard("QUANTITY", m.Comment, ""), fitsio.Card{Name: "WCSAXES", Value: 2})
		cards = append(cards, planeCards(im, opts)...)
		cards = append(cards, numberCard("RESTFRQ", im.RestFrequencyHz, "[Hz] rest frequency of the line"))
		if err := hdu.Header().Append(append(cards, viewCards(im, opts)...)...); err != nil {
			return err
		}
		if err := hdu.Write(&m.Values); err != nil {
			return err
		}
		if err := out.Write(hdu); err != nil {
			return err
		}
	}
	return nil
}

// WriteMapsHDF5 writes maps as MapsSchema describes.
func WriteMapsHDF5(path string, im *Image, maps []Map) error {
	if err := im.CheckMaps(maps); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.Write(path, func(tmp string) error {
		f, err := h5.Create(tmp)
		if err != nil {
			return err
		}
		return errors.Join(fillMaps(f, im, maps), f.Close())
	})
}

func fillMaps(f *h5.File, im *Image, maps []Map) error {
	if err := im.writeAttributes(f, MapsSchema); err != nil {
		return err
	}
	for _, m := range maps {
		name, unit := lower(m.Name), m.Unit
		if unit == "" {
			unit = "1"
		}
		if err := h5.Write(f, name, []int{im.NY, im.NX}, m.Values); err != nil {
			return err
		}
		if err := errors.Join(f.SetString(name, attrUnits, unit), f.SetString(name, "description", m.Comment)); err != nil {
			return err
		}
	}
	return nil
}
