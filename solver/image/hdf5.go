// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"errors"
	"fmt"
	"slices"

	"github.com/columen/columen/internal/atomicfile"
	"github.com/columen/columen/internal/h5"
)

// Schema is the name and version of the HDF5 layout: datasets I [ν, y, x],
// frequencies and background [ν]; root attributes schema, species, transition,
// model, view, axis_x, axis_y, axis_los, rest_frequency_hz, pixel_size_m and
// origin_m (x, y); every dataset has its unit in the attribute units. Every
// other root attribute is provenance.
const Schema = "columen-image-1"

// The names in the file.
const (
	setIntensity   = "I"
	setFrequencies = "frequencies"
	setBackground  = "background"
	attrSchema     = "schema"
	attrUnits      = "units"
	attrRest       = "rest_frequency_hz"
	attrPixel      = "pixel_size_m"
	attrOrigin     = "origin_m"
)

// textAttr pairs the name of an attribute with the field it stores.
type textAttr struct {
	name  string
	value *string
}

func (im *Image) textAttrs() []textAttr {
	return []textAttr{
		{"species", &im.Species}, {"transition", &im.Transition}, {"model", &im.ModelName}, {"view", &im.ViewName},
		{"axis_x", &im.AxisX}, {"axis_y", &im.AxisY}, {"axis_los", &im.AxisLOS},
	}
}

// ownAttrs returns the names that provenance must not use.
func (im *Image) ownAttrs() []string {
	names := []string{attrSchema, attrUnits, attrRest, attrPixel, attrOrigin}
	for _, a := range im.textAttrs() {
		names = append(names, a.name)
	}
	return names
}

// WriteHDF5 writes the image in SI units with 32 or 64 bits per intensity.
// Errors name the path.
func WriteHDF5(path string, im *Image, precision int) error {
	fail := func(err error) error { return fmt.Errorf("write %s: %w", path, err) }
	if precision != 32 && precision != 64 {
		return fail(fmt.Errorf("precision %d bits: want 32 or 64", precision))
	}
	if err := im.Validate(); err != nil {
		return fail(err)
	}
	taken := im.ownAttrs()
	for _, kv := range im.Provenance {
		if kv.Key == "" || slices.Contains(taken, kv.Key) {
			return fail(fmt.Errorf("provenance key %q: want a name that is neither empty, nor used twice, nor one of the format's own", kv.Key))
		}
		taken = append(taken, kv.Key)
	}
	return atomicfile.Write(path, func(tmp string) error {
		f, err := h5.Create(tmp)
		if err != nil {
			return err
		}
		return errors.Join(fillHDF5(f, im, precision), f.Close())
	})
}

func fillHDF5(f *h5.File, im *Image, precision int) error {
	if err := im.writeAttributes(f, Schema); err != nil {
		return err
	}
	if err := writeIntensity(f, im, precision); err != nil {
		return err
	}
	n := len(im.FrequenciesHz)
	background := make([]float64, n)
	copy(background, im.BackgroundSI)
	for _, set := range []struct {
		name, unit string
		data       []float64
	}{{setFrequencies, "Hz", im.FrequenciesHz}, {setBackground, siUnit, background}} {
		if err := h5.Write(f, set.name, []int{n}, set.data); err != nil {
			return err
		}
		if err := f.SetString(set.name, attrUnits, set.unit); err != nil {
			return err
		}
	}
	return nil
}

// writeAttributes stores line, view, pixels and provenance at the root.
func (im *Image) writeAttributes(f *h5.File, schema string) error {
	err := f.SetString("/", attrSchema, schema)
	for _, a := range im.textAttrs() {
		err = errors.Join(err, f.SetString("/", a.name, *a.value))
	}
	err = errors.Join(err,
		f.SetFloats("/", attrRest, im.RestFrequencyHz),
		f.SetFloats("/", attrPixel, im.PixelSizeM[:]...),
		f.SetFloats("/", attrOrigin, im.OriginM[:]...))
	for _, kv := range im.Provenance {
		err = errors.Join(err, f.SetString("/", kv.Key, kv.Value))
	}
	return err
}

// writeIntensity stores one channel at a time; the library converts.
func writeIntensity(f *h5.File, im *Image, precision int) error {
	dtype := h5.Float32
	if precision == 64 {
		dtype = h5.Float64
	}
	ds, err := f.CreateDataset(setIntensity, []int{len(im.FrequenciesHz), im.NY, im.NX}, dtype, h5.Options{})
	if err != nil {
		return err
	}
	for k := range im.FrequenciesHz {
		if err := h5.WriteSlab(ds, []int{k, 0, 0}, []int{1, im.NY, im.NX}, im.Channel(k)); err != nil {
			return err
		}
	}
	return errors.Join(ds.Close(), f.SetString(setIntensity, attrUnits, siUnit))
}

// ReadHDF5 reads a file that WriteHDF5 wrote. Provenance comes in alphabetical
// order. Errors name the file, what was found and what is wanted.
func ReadHDF5(path string) (*Image, error) {
	f, err := h5.Open(path)
	if err != nil {
		return nil, fmt.Errorf("image file: %w", err)
	}
	im, err := loadHDF5(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("image file %s: %w", path, err)
	}
	return im, nil
}

func loadHDF5(f *h5.File) (*Image, error) {
	if err := wantText(f, "/", attrSchema, Schema); err != nil {
		return nil, err
	}
	im := &Image{}
	for _, a := range im.textAttrs() {
		var err error
		if *a.value, err = f.String("/", a.name); err != nil {
			return nil, err
		}
	}
	for _, a := range []struct {
		name string
		into []float64
	}{{attrPixel, im.PixelSizeM[:]}, {attrOrigin, im.OriginM[:]}} {
		v, err := f.Floats("/", a.name, len(a.into))
		if err != nil {
			return nil, err
		}
		copy(a.into, v)
	}
	rest, err := f.Floats("/", attrRest, 1)
	if err != nil {
		return nil, err
	}
	im.RestFrequencyHz = rest[0]
	if err := im.loadProvenance(f); err != nil {
		return nil, err
	}
	if err := im.loadData(f); err != nil {
		return nil, err
	}
	return im, im.Validate()
}

// loadData reads the datasets and checks their units and shapes.
func (im *Image) loadData(f *h5.File) error {
	for _, set := range []struct {
		name, unit string
		rank       int
		into       *[]float64
	}{
		{setFrequencies, "Hz", 1, &im.FrequenciesHz},
		{setBackground, siUnit, 1, &im.BackgroundSI},
		{setIntensity, siUnit, 3, &im.Intensity},
	} {
		data, shape, err := h5.Read[float64](f, set.name)
		if err != nil {
			return err
		}
		if err := wantText(f, set.name, attrUnits, set.unit); err != nil {
			return err
		}
		if n := len(im.FrequenciesHz); len(shape) != set.rank || (n > 0 && shape[0] != n) {
			return fmt.Errorf("dataset %s: shape %v: want %d dimensions, the first as long as frequencies (%d)", set.name, shape, set.rank, n)
		}
		*set.into = data
		if set.rank == 3 {
			im.NY, im.NX = shape[1], shape[2]
		}
	}
	return nil
}

func (im *Image) loadProvenance(f *h5.File) error {
	attrs, err := f.Attributes("/")
	if err != nil {
		return err
	}
	own := im.ownAttrs()
	for _, name := range attrs {
		if slices.Contains(own, name) {
			continue
		}
		v, err := f.Attribute("/", name)
		if err != nil {
			return err
		}
		im.Provenance = append(im.Provenance, KeyValue{name, fmt.Sprint(v)})
	}
	return nil
}

// wantText checks the value of a string attribute.
func wantText(f *h5.File, object, attr, want string) error {
	got, err := f.String(object, attr)
	if err == nil && got != want {
		err = fmt.Errorf("attribute %s of %s is %q: want %q", attr, object, got, want)
	}
	return err
}
