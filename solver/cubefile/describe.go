// SPDX-License-Identifier: BSD-3-Clause

package cubefile

import (
	"errors"
	"fmt"
	"math"

	"github.com/columen/columen/internal/h5"
)

// Describe returns what a cube file holds as keys and values in reading order:
// schema, species, mesh, box, provenance, and for every dataset its type,
// shape, unit, minimum, maximum, mean and count of non-finite values. It reads
// one x-plane at a time.
func Describe(path string) ([]KeyValue, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	m := f.mesh
	d := m.CellSize()
	out := []KeyValue{
		{"schema", Schema},
		{"species", f.meta.Species},
		{"cells [x, y, z]", fmt.Sprintf("%d × %d × %d", m.Cells[0], m.Cells[1], m.Cells[2])},
		{"box_min_m", fmt.Sprintf("%.6g %.6g %.6g", m.Box.Min[0], m.Box.Min[1], m.Box.Min[2])},
		{"box_max_m", fmt.Sprintf("%.6g %.6g %.6g", m.Box.Max[0], m.Box.Max[1], m.Box.Max[2])},
		{"cell_m", fmt.Sprintf("%.6g %.6g %.6g", d[0], d[1], d[2])},
	}
	for i, ds := range f.data {
		if ds == nil {
			out = append(out, KeyValue{f.names[i].name, "absent"})
			continue
		}
		text, err := f.rangeOf(i)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		out = append(out, KeyValue{f.names[i].name + " [" + f.names[i].unit + "]", text})
	}
	return append(out, f.meta.Provenance...), f.Close()
}

// rangeOf summarises dataset i plane by plane.
func (f *File) rangeOf(i int) (string, error) {
	ds, n := f.data[i], f.mesh.Cells
	plane := make([]float64, n[1]*n[2])
	lo, hi, sum, odd := math.Inf(1), math.Inf(-1), 0.0, 0
	for x := range n[0] {
		if err := h5.ReadSlab(ds, []int{x, 0, 0}, []int{1, n[1], n[2]}, plane); err != nil {
			return "", fmt.Errorf("cube file: %w", err)
		}
		for _, v := range plane {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				odd++
				continue
			}
			lo, hi, sum = math.Min(lo, v), math.Max(hi, v), sum+v
		}
	}
	finite := f.mesh.NumCells() - odd
	if finite == 0 {
		return fmt.Sprintf("%v, no finite value", ds.Dtype()), nil
	}
	return fmt.Sprintf("%v, min %.6g, max %.6g, mean %.6g, %d non-finite", ds.Dtype(), lo, hi, sum/float64(finite), odd), nil
}
