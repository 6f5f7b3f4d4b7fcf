// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"fmt"

	"github.com/columen/columen/internal/h5"
)

// statisticsEntry is one scalar dataset of a statistics file.
type statisticsEntry struct {
	group, name string
	value       *float64
}

// entries lists the scalars of the file of a kind in the original's layout.
func (nm *Normalization) entries() []statisticsEntry {
	list := []statisticsEntry{
		{"velocity", "mean", &nm.VelocityMeanMS}, {"velocity", "std", &nm.VelocityStdMS},
		{"temperature", "min", &nm.TemperatureLogMin}, {"temperature", "median", &nm.TemperatureLogMedian},
		{"density", "min", &nm.DensityLogMin}, {"density", "median", &nm.DensityLogMedian},
		{"intensity", "min", &nm.IntensityLogMin},
	}
	if nm.Kind == MultiFrequency {
		return append(list, statisticsEntry{"intensity", "max", &nm.IntensityLogMax})
	}
	return append(list, statisticsEntry{"intensity", "median", &nm.IntensityLogMedian})
}

// ReadStatistics reads the original's statistics file of a kind.
func ReadStatistics(path string, k Kind) (Normalization, error) {
	nm := Normalization{Kind: k}
	if err := k.Validate(); err != nil {
		return Normalization{}, err
	}
	f, err := h5.Open(path)
	if err != nil {
		return Normalization{}, err
	}
	defer f.Close()
	for _, e := range nm.entries() {
		name := e.group + "/" + e.name
		v, shape, err := h5.Read[float64](f, name)
		if err != nil {
			return Normalization{}, fmt.Errorf("statistics of kind %s: %w", k, err)
		}
		if len(v) != 1 {
			return Normalization{}, fmt.Errorf("%s: dataset %s has shape %v: want a scalar", path, name, shape)
		}
		*e.value = v[0]
	}
	if err := nm.Validate(); err != nil {
		return Normalization{}, fmt.Errorf("%s: %w", path, err)
	}
	return nm, nil
}

// WriteStatistics writes a statistics file in the original's layout, as float64.
func WriteStatistics(path string, nm Normalization) error {
	if err := nm.Validate(); err != nil {
		return err
	}
	return writeFile(path, func(f *h5.File) error {
		for _, e := range nm.entries() {
			if !f.Exists(e.group) {
				if err := f.CreateGroup(e.group); err != nil {
					return err
				}
			}
			if err := h5.Write(f, e.group+"/"+e.name, nil, []float64{*e.value}); err != nil {
				return err
			}
		}
		return nil
	})
}
