// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/astrogo/fitsio"
)

// FITSInfo is how a FITS file expresses its image.
type FITSInfo struct {
	Unit       Unit
	Precision  int // bits per value
	DistancePc float64
	CTypes     [3]string // types of the axes x, y, ν
}

// ReadFITS reads a file that WriteFITS wrote and returns the image in SI units,
// to the precision of the file. Files of other origin are refused; for them
// there are better readers.
func ReadFITS(path string) (*Image, FITSInfo, error) {
	im, info, err := readFITS(path)
	if err != nil {
		return nil, FITSInfo{}, fmt.Errorf("read %s: %w", path, err)
	}
	return im, info, nil
}

func readFITS(path string) (*Image, FITSInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, FITSInfo{}, err
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return nil, FITSInfo{}, err
	}
	return decodeFITS(f, stat.Size())
}

// decodeFITS reads an image from the first size bytes of r.
func decodeFITS(r io.ReaderAt, size int64) (im *Image, info FITSInfo, err error) {
	history, err := scanFITS(r, size)
	if err != nil {
		return nil, info, err
	}
	// fitsio panics on some malformed cards. Everything it could allocate was
	// checked above, so what is left is a card that it cannot use.
	defer func() {
		if p := recover(); p != nil {
			im, err = nil, fmt.Errorf("malformed FITS header: %v", p)
		}
	}()
	file, err := fitsio.Open(bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<20))
	if err != nil {
		return nil, info, err
	}
	defer file.Close()
	if len(file.HDUs()) != 2 {
		return nil, info, fmt.Errorf("%d header-data units: want 2", len(file.HDUs()))
	}
	primary, ok := file.HDU(0).(fitsio.Image)
	if !ok {
		return nil, info, errors.New("primary unit is no image")
	}
	h := header{cards: primary.Header()}
	im = h.image(&info)
	if h.err != nil {
		return nil, info, h.err
	}
	im.Provenance = parseHistory(history)
	table, ok := file.HDU(1).(*fitsio.Table)
	if !ok {
		return nil, info, fmt.Errorf("second unit is no table: want table %s", channelTable)
	}
	if err := readChannels(table, im); err != nil {
		return nil, info, err
	}
	if im.Intensity, err = readPixels(primary, info.Precision); err != nil {
		return nil, info, err
	}
	if err := im.Validate(); err != nil {
		return nil, info, err
	}
	return im, info, toSI(im, info)
}

// toSI converts the intensities, which are in the unit of the file.
func toSI(im *Image, info FITSInfo) error {
	factors, err := im.factors(info.Unit, info.DistancePc)
	if err != nil {
		return err
	}
	for k, f := range factors {
		c := im.Channel(k)
		for p := range c {
			c[p] /= f
		}
	}
	return nil
}

func readPixels(hdu fitsio.Image, bits int) ([]float64, error) {
	n := 1
	for _, d := range hdu.Header().Axes() {
		n *= d
	}
	out := make([]float64, n)
	if bits == 64 {
		return out, hdu.Read(&out)
	}
	narrow := make([]float32, n)
	err := hdu.Read(&narrow)
	for i, v := range narrow {
		out[i] = float64(v)
	}
	return out, err
}

// readChannels fills frequencies and background from the table.
func readChannels(t *fitsio.Table, im *Image) error {
	if t.NumCols() != 3 || t.Name() != channelTable {
		return fmt.Errorf("table %q has %d columns: want %s with 3", t.Name(), t.NumCols(), channelTable)
	}
	for i, name := range []string{"FREQUENCY", "VELOCITY", "BACKGROUND"} {
		if c := t.Col(i); c.Name != name || c.Format != "D" {
			return fmt.Errorf("table %s: column %d is %s of format %s: want %s of format D", channelTable, i+1, c.Name, c.Format, name)
		}
	}
	axes := t.Header().Axes()
	n := len(im.FrequenciesHz)
	if axes[0] != 24 || axes[1] != n {
		return fmt.Errorf("table %s: %d rows of %d bytes: want %d of 24", channelTable, axes[1], axes[0], n)
	}
	rows, err := t.Read(0, int64(n))
	if err != nil {
		return err
	}
	defer rows.Close()
	im.BackgroundSI = make([]float64, n)
	for k := 0; rows.Next() && k < n; k++ {
		var velocity float64 // follows from the frequency
		if err := rows.Scan(&im.FrequenciesHz[k], &velocity, &im.BackgroundSI[k]); err != nil {
			return fmt.Errorf("table %s: row %d: %w", channelTable, k+1, err)
		}
	}
	return rows.Err()
}

// header reads cards and keeps the first error.
type header struct {
	cards *fitsio.Header
	err   error
}

// image returns the image that the cards describe, without its data.
func (h *header) image(info *FITSInfo) *Image {
	if s := h.text("SCHEMA"); h.err == nil && s != fitsSchema {
		h.err = fmt.Errorf("card SCHEMA is %q: want %q", s, fitsSchema)
	}
	im := &Image{
		ModelName: h.text("OBJECT"), Species: h.text("SPECIES"), Transition: h.text("TRANSIT"), ViewName: h.text("VIEW"),
		AxisX: h.text("AXISX"), AxisY: h.text("AXISY"), AxisLOS: h.text("AXISLOS"),
		RestFrequencyHz: h.number("RESTFRQ"),
		PixelSizeM:      [2]float64{h.number("PIXSIZE1"), h.number("PIXSIZE2")},
		OriginM:         [2]float64{h.number("CENTRE1"), h.number("CENTRE2")},
	}
	unit := h.text("BUNIT")
	info.Unit = Unit(unit)
	if unit == siUnit {
		info.Unit = SI
	}
	for a := range info.CTypes {
		info.CTypes[a] = h.text("CTYPE" + string('1'+rune(a)))
	}
	if h.cards.Get("DISTPC") != nil {
		info.DistancePc = h.number("DISTPC")
	}
	info.Precision = -h.cards.Bitpix()
	axes := h.cards.Axes()
	im.NX, im.NY, im.FrequenciesHz = axes[0], axes[1], make([]float64, axes[2])
	return im
}

func (h *header) text(name string) string {
	c := h.cards.Get(name)
	if c == nil {
		h.fail("card %s is missing", name)
		return ""
	}
	s, ok := c.Value.(string)
	if !ok {
		h.fail("card %s is %v: want a string", name, c.Value)
	}
	return unquoted(s)
}

func (h *header) number(name string) float64 {
	c := h.cards.Get(name)
	if c == nil {
		h.fail("card %s is missing", name)
		return 0
	}
	switch v := c.Value.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	}
	h.fail("card %s is %v: want a number", name, c.Value)
	return 0
}

func (h *header) fail(format string, args ...any) {
	if h.err == nil {
		h.err = fmt.Errorf(format, args...)
	}
}
