// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/astrogo/fitsio"

	"github.com/columen/columen/internal/atomicfile"
)

// fitsSchema is the name and version of the layout of our FITS files.
const fitsSchema = "columen-fits-1"

// channelTable is the extension with the exact channels.
const channelTable = "CHANNELS"

// FITSOptions chooses how an image is expressed in a FITS file. The zero value
// is W m⁻² Hz⁻¹ sr⁻¹ in 32 bits on linear offsets in au.
type FITSOptions struct {
	Unit       Unit    // "" is SI
	Precision  int     // bits per value, 32 or 64; 0 is 32
	OffsetUnit string  // "au" or "m", unit of linear offsets; "" is au
	DistancePc float64 // needed by Jy/pixel and OnSky; stored where given
	OnSky      bool    // celestial axes RA---TAN, DEC--TAN instead of offsets
	RADeg      float64 // right ascension of the model's origin, ICRS
	DecDeg     float64 // declination of the model's origin, ICRS
}

// checked returns o with defaults filled in, or what is wrong with it.
func (o FITSOptions) checked() (FITSOptions, error) {
	if o.Unit == "" {
		o.Unit = SI
	}
	if o.Precision == 0 {
		o.Precision = 32
	}
	if o.OffsetUnit == "" {
		o.OffsetUnit = "au"
	}
	switch {
	case o.Precision != 32 && o.Precision != 64:
		return o, fmt.Errorf("precision %d bits: want 32 or 64", o.Precision)
	case o.OffsetUnit != "au" && o.OffsetUnit != "m":
		return o, fmt.Errorf("offset unit %q: want au or m", o.OffsetUnit)
	case o.DistancePc != 0 && !positive(o.DistancePc):
		return o, fmt.Errorf("distance %g pc: want a positive number, or 0 for none", o.DistancePc)
	case o.OnSky && o.DistancePc == 0:
		return o, errors.New("celestial axes without a distance: want a positive distance in pc")
	case o.OnSky && !(o.RADeg >= 0 && o.RADeg < 360 && o.DecDeg >= -90 && o.DecDeg <= 90):
		return o, fmt.Errorf("position %g, %g degrees: want right ascension in [0, 360), declination in [-90, 90]", o.RADeg, o.DecDeg)
	}
	return o, nil
}

// WriteFITS writes the image as doc.go describes. Errors name the path.
func WriteFITS(path string, im *Image, opts FITSOptions) error {
	fail := func(err error) error { return fmt.Errorf("write %s: %w", path, err) }
	opts, err := opts.checked()
	if err != nil {
		return fail(err)
	}
	data, err := im.In(opts.Unit, opts.DistancePc)
	if err != nil {
		return fail(err)
	}
	return atomicfile.Write(path, func(tmp string) error {
		f, err := os.OpenFile(tmp, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		b := bufio.NewWriterSize(f, 1<<20)
		err = encodeFITS(b, im, data, opts)
		return errors.Join(err, b.Flush(), f.Close())
	})
}

// encodeFITS writes both header-data units.
func encodeFITS(b *bufio.Writer, im *Image, data []float64, opts FITSOptions) error {
	out, err := fitsio.Create(b)
	if err != nil {
		return err
	}
	defer out.Close()
	hdu := fitsio.NewImage(-opts.Precision, []int{im.NX, im.NY, len(im.FrequenciesHz)})
	if err := hdu.Header().Append(imageCards(im, opts)...); err != nil {
		return err
	}
	if opts.Precision == 64 {
		err = hdu.Write(&data)
	} else {
		narrow := make([]float32, len(data))
		for i, v := range data {
			narrow[i] = float32(v)
		}
		err = hdu.Write(&narrow)
	}
	if err != nil {
		return err
	}
	if err := out.Write(hdu); err != nil {
		return err
	}
	return writeChannels(out, im)
}

// writeChannels appends the table of exact frequencies, velocities and
// backgrounds.
func writeChannels(out *fitsio.File, im *Image) error {
	t, err := fitsio.NewTable(channelTable, []fitsio.Column{
		{Name: "FREQUENCY", Format: "D", Unit: "Hz", Bscale: 1},
		{Name: "VELOCITY", Format: "D", Unit: "m s-1", Bscale: 1},
		{Name: "BACKGROUND", Format: "D", Unit: siUnit, Bscale: 1},
	}, fitsio.BINARY_TBL)
	if err != nil {
		return err
	}
	defer t.Close()
	// fitsio adds TBCOLn, which the standard knows for ASCII tables only; an
	// empty card is written as nothing.
	for n := 1; n <= t.NumCols(); n++ {
		if c := t.Header().Get("TBCOL" + strconv.Itoa(n)); c != nil {
			*c = fitsio.Card{}
		}
	}
	for k, v := range im.VelocitiesMS() {
		nu, bg := im.FrequenciesHz[k], im.background(k)
		if err := t.Write(&nu, &v, &bg); err != nil {
			return err
		}
	}
	return out.Write(t)
}

// imageCards returns all cards of the primary header after NAXISn.
func imageCards(im *Image, o FITSOptions) []fitsio.Card {
	cards := []fitsio.Card{
		{Name: "EXTEND", Value: true, Comment: "table " + channelTable + " has the exact channels"},
		stringCard("ORIGIN", "columen", "program that made the image"),
		stringCard("SCHEMA", fitsSchema, "layout of this file"),
		stringCard("OBJECT", im.ModelName, "model"),
		stringCard("BUNIT", o.Unit.fits(), "unit of the values, background included"),
		{Name: "WCSAXES", Value: 3},
	}
	cards = append(cards, planeCards(im, o)...)
	cards = append(cards, spectralCards(im)...)
	cards = append(cards, stringCard("BACKGRND", im.backgroundText(), "radiation behind the model"))
	return append(cards, viewCards(im, o)...)
}

// viewCards describes line, view and provenance.
func viewCards(im *Image, o FITSOptions) []fitsio.Card {
	cards := []fitsio.Card{
		stringCard("SPECIES", im.Species, "molecule"),
		stringCard("TRANSIT", im.Transition, "transition, upper-lower"),
		stringCard("VIEW", im.ViewName, "name of the view"),
		stringCard("AXISX", im.AxisX, "model direction of image x (right)"),
		stringCard("AXISY", im.AxisY, "model direction of image y (up)"),
		stringCard("AXISLOS", im.AxisLOS, "model direction towards the observer"),
		numberCard("PIXSIZE1", im.PixelSizeM[0], "[m] pixel size along x"),
		numberCard("PIXSIZE2", im.PixelSizeM[1], "[m] pixel size along y"),
		numberCard("CENTRE1", im.OriginM[0], "[m] view coordinate x of the image centre"),
		numberCard("CENTRE2", im.OriginM[1], "[m] view coordinate y of the image centre"),
	}
	if o.DistancePc > 0 {
		cards = append(cards, numberCard("DISTPC", o.DistancePc, "[pc] distance"))
	}
	for _, kv := range im.Provenance {
		for _, line := range historyLines(kv) {
			cards = append(cards, fitsio.Card{Name: "HISTORY", Comment: line})
		}
	}
	return cards
}

// planeCards describes axes 1 and 2. The reference point of celestial axes is
// the model's origin, wherever the image centre is; that of linear ones is the
// image centre.
func planeCards(im *Image, o FITSOptions) []fitsio.Card {
	var cards []fitsio.Card
	n := [2]int{im.NX, im.NY}
	for a := range n {
		axis := string('1' + rune(a))
		pixel := im.PixelSizeM[a]
		centre := float64(n[a]+1) / 2
		if o.OnSky {
			step := math.Atan(pixel/(o.DistancePc*parsecM)) * degree
			sign := [2]float64{-1, 1}[a]
			cards = append(cards,
				stringCard("CTYPE"+axis, [2]string{"RA---TAN", "DEC--TAN"}[a], [2]string{"grows to the left", ""}[a]),
				stringCard("CUNIT"+axis, "deg", ""),
				numberCard("CRPIX"+axis, centre-im.OriginM[a]/pixel, "pixel of the model's origin"),
				numberCard("CRVAL"+axis, [2]float64{o.RADeg, o.DecDeg}[a], ""),
				numberCard("CDELT"+axis, sign*step, ""),
			)
			continue
		}
		unit, scale := "AU", auM
		if o.OffsetUnit == "m" {
			unit, scale = "m", 1
		}
		cards = append(cards,
			stringCard("CTYPE"+axis, [2]string{"OFFSETX", "OFFSETY"}[a], "linear offset from the model's origin"),
			stringCard("CUNIT"+axis, unit, ""),
			numberCard("CRPIX"+axis, centre, "centre of the image"),
			numberCard("CRVAL"+axis, im.OriginM[a]/scale, ""),
			numberCard("CDELT"+axis, pixel/scale, ""),
		)
	}
	if o.OnSky {
		cards = append(cards, stringCard("RADESYS", "ICRS", "frame of the position"))
	}
	return cards
}

// spectralCards describes axis 3.
func spectralCards(im *Image) []fitsio.Card {
	rest := []fitsio.Card{
		numberCard("RESTFRQ", im.RestFrequencyHz, "[Hz] rest frequency of the line"),
		stringCard("SPECSYS", "SOURCE", "velocities in the rest frame of the model"),
	}
	v := im.VelocitiesMS()
	if !im.Equidistant() {
		return append([]fitsio.Card{
			stringCard("CTYPE3", "CHANNEL", "not equidistant: see table "+channelTable),
			numberCard("CRPIX3", 1, ""),
			numberCard("CRVAL3", 1, "channels count from 1"),
			numberCard("CDELT3", 1, ""),
		}, rest...)
	}
	step, comment := -1.0, "one channel: its width is not known"
	if n := len(v); n > 1 {
		step, comment = (v[n-1]-v[0])/float64(n-1), "frequency increases, velocity decreases"
	}
	return append([]fitsio.Card{
		stringCard("CTYPE3", "VRAD", "radio velocity c(nu0-nu)/nu0"),
		stringCard("CUNIT3", "m/s", ""),
		numberCard("CRPIX3", 1, ""),
		numberCard("CRVAL3", v[0], "velocity of the first channel"),
		numberCard("CDELT3", step, comment),
	}, rest...)
}

// cardTextMax keeps a string, its quotes and keyword within one card with room
// for a few apostrophes.
const cardTextMax = 54

// stringCard makes a string card. FITS strings are printable ASCII: others are
// escaped, and more than 54 characters are cut and end in an ellipsis (the HDF5
// file keeps names whole). Apostrophes double, hence the reserve to 68 columns.
func stringCard(name, value, comment string) fitsio.Card {
	card := quoted(value, "")
	if value == "" {
		card = ""
	}
	if len(card) > cardTextMax {
		card = strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '?'
			}
			return r
		}, value)
		card = card[:min(len(card), cardTextMax-3)] + "..."
	}
	value = strings.ReplaceAll(card, "'", "''")
	if len(value)+len(comment) > cardTextMax {
		comment = ""
	}
	return fitsio.Card{Name: name, Value: value, Comment: comment}
}

// numberCard makes a float card; fitsio writes the shortest digits that read back
// to the same float64.
func numberCard(name string, value float64, comment string) fitsio.Card {
	return fitsio.Card{Name: name, Value: value, Comment: comment}
}
