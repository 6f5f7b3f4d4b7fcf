// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The block and card sizes of FITS.
const (
	fitsBlock = 2880
	fitsCard  = 80
)

// scanFITS walks the two header-data units of a file of ours and checks that
// the data they announce are there, before fitsio allocates what a header
// asks for. It returns the text of the HISTORY cards, which fitsio does not
// give away.
func scanFITS(r io.ReaderAt, size int64) (history []string, err error) {
	at := int64(0)
	for unit, want := range []struct {
		first  string
		axes   int
		bitpix []int64
	}{
		{"SIMPLE", 3, []int64{-32, -64}},
		{"XTENSION", 2, []int64{8}},
	} {
		cards, lines, next, err := scanHeader(r, size, at)
		if err != nil {
			return nil, fmt.Errorf("header %d: %w", unit+1, err)
		}
		history = append(history, lines...)
		if _, ok := cards[want.first]; !ok {
			return nil, fmt.Errorf("header %d at byte %d: no card %s: not a FITS image of ours", unit+1, at, want.first)
		}
		bytes, err := dataBytes(cards, want.axes, want.bitpix)
		if err != nil {
			return nil, fmt.Errorf("header %d: %w", unit+1, err)
		}
		if bytes > size-next {
			return nil, fmt.Errorf("header %d announces %d bytes of data at byte %d: the file ends at %d", unit+1, bytes, next, size)
		}
		at = next + (bytes+fitsBlock-1)/fitsBlock*fitsBlock
	}
	if at > size {
		return nil, fmt.Errorf("last block ends at byte %d: the file ends at %d", at, size)
	}
	return history, nil
}

// scanHeader returns the value text of the cards of the header at byte at, the
// text of its HISTORY cards, and where its data begin.
func scanHeader(r io.ReaderAt, size, at int64) (cards map[string]string, history []string, next int64, err error) {
	cards = map[string]string{}
	block := make([]byte, fitsBlock)
	for start := at; at+fitsBlock <= size; {
		if _, err := r.ReadAt(block, at); err != nil {
			return nil, nil, 0, err
		}
		at += fitsBlock
		for i := 0; i < fitsBlock; i += fitsCard {
			card := string(block[i : i+fitsCard])
			name := strings.TrimRight(card[:8], " ")
			if name == "END" {
				return cards, history, at, nil
			}
			if name == "HISTORY" {
				history = append(history, strings.TrimRight(card[8:], " "))
			}
			if name == "CONTINUE" {
				return nil, nil, 0, fmt.Errorf("card at byte %d is %s, which our files never have", at-fitsBlock+int64(i), name)
			}
			if card[8:10] == "= " {
				value, _, _ := strings.Cut(card[10:], "/")
				cards[name] = strings.TrimSpace(value)
			}
		}
		if at-start > 1<<24 {
			break
		}
	}
	return nil, nil, 0, fmt.Errorf("no END card up to byte %d", at)
}

// dataBytes returns the size of the data of a header with the given number of
// axes.
func dataBytes(cards map[string]string, axes int, bitpix []int64) (int64, error) {
	integer := func(name string, lo, hi int64) (int64, error) {
		v, err := strconv.ParseInt(cards[name], 10, 64)
		if err != nil || v < lo || v > hi {
			return 0, fmt.Errorf("card %s is %q: want an integer from %d to %d", name, cards[name], lo, hi)
		}
		return v, nil
	}
	bits, err := integer("BITPIX", -64, 64)
	if err != nil {
		return 0, err
	}
	known := false
	for _, b := range bitpix {
		known = known || b == bits
	}
	if !known {
		return 0, fmt.Errorf("card BITPIX is %d: want one of %v", bits, bitpix)
	}
	if _, err := integer("NAXIS", int64(axes), int64(axes)); err != nil {
		return 0, err
	}
	if _, ok := cards["PCOUNT"]; ok {
		if _, err := integer("PCOUNT", 0, 0); err != nil {
			return 0, err
		}
	}
	bytes := max(bits, -bits) / 8
	const bytesMax = 1 << 52
	for a := range axes {
		n, err := integer("NAXIS"+strconv.Itoa(a+1), 1, bytesMax/bytes)
		if err != nil {
			return 0, err
		}
		bytes *= n
	}
	return bytes, nil
}
