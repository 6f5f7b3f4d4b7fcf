// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The sizes of FITS.
const (
	fitsBlock      = 2880
	fitsCard       = 80
	fitsHeadersMax = 1 << 22
)

// parseFITS reads the primary header of a FITS file [Pence et al. 2010, sect. 4]
// and checks that its image is there. fitsio reads images whole and keeps them;
// here each rank reads the rows of its block.
func parseFITS(name string, r io.ReaderAt, size int64) (*arrayFile, error) {
	cards, offset, err := fitsCards(name, r, size)
	if err != nil {
		return nil, err
	}
	bad := func(card, want string) error {
		return fmt.Errorf("%s: card %s is %q: want %s", name, card, cards[card], want)
	}
	a := &arrayFile{numbers: inFile{name: name, r: r, offset: offset, order: binary.BigEndian}}
	switch cards["BITPIX"] {
	case "-32":
		a.numbers.bytes = 4
	case "-64":
		a.numbers.bytes = 8
	default:
		return nil, bad("BITPIX", "-32 or -64, floating-point numbers")
	}
	if cards["NAXIS"] != "3" {
		return nil, bad("NAXIS", "3")
	}
	for i := range a.cells {
		card := "NAXIS" + strconv.Itoa(i+1)
		n, err := strconv.Atoi(cards[card])
		if err != nil || n < 1 || n > cellsMax {
			return nil, bad(card, fmt.Sprintf("an integer from 1 to %d", cellsMax))
		}
		a.cells[i] = n
	}
	for card, neutral := range map[string]float64{"BSCALE": 1, "BZERO": 0} {
		if text, ok := cards[card]; ok {
			if x, err := strconv.ParseFloat(text, 64); err != nil || x != neutral {
				return nil, bad(card, fmt.Sprintf("%g: scaled images are not supported", neutral))
			}
		}
	}
	a.stride = xFastest(a.cells, 1)
	a.form = "FITS, BITPIX " + cards["BITPIX"]
	return a, a.checkSize(size, true)
}

// fitsCards returns the values of the cards of the primary header as text, and
// where the data begin.
func fitsCards(name string, r io.ReaderAt, size int64) (map[string]string, int64, error) {
	cards := map[string]string{}
	block := make([]byte, fitsBlock)
	for at := int64(0); at < fitsHeadersMax; at += fitsBlock {
		if at+fitsBlock > size {
			return nil, 0, fmt.Errorf("%s: byte %d: found the end of the file, want a header with a card END: the file is truncated", name, size)
		}
		if n, err := r.ReadAt(block, at); n < fitsBlock {
			return nil, 0, fmt.Errorf("%s: byte %d: header: %w", name, at, err)
		}
		for i := 0; i < fitsBlock; i += fitsCard {
			card := string(block[i : i+fitsCard])
			key := strings.TrimRight(card[:8], " ")
			if key == "END" {
				return cards, at + fitsBlock, nil
			}
			if card[8:10] == "= " {
				value, _, _ := strings.Cut(card[10:], "/")
				cards[key] = strings.TrimSpace(value)
			}
		}
	}
	return nil, 0, fmt.Errorf("%s: no card END in the first %d bytes", name, fitsHeadersMax)
}
