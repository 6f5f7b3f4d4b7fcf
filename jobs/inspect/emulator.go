// SPDX-License-Identifier: BSD-3-Clause

package inspect

import (
	"fmt"
	"slices"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/image"
)

// isDataSet reports whether an HDF5 file is part of a data set, whose layout is
// that of COEmuNet, without a schema: a shard, statistics or a raw sample.
func isDataSet(path string) (bool, error) {
	f, err := h5.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	all := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !f.Exists(n) })
	}
	return all("input", "output") || all("velocity", "temperature", "density", "intensity") || all("CO", "frequencies", "velocity_z", "I"), nil
}

// listHDF5 lists the datasets of a file with type and shape.
func listHDF5(path string) ([]image.KeyValue, error) {
	f, err := h5.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := []image.KeyValue{{Key: "format", Value: "HDF5, part of a data set in the layout of COEmuNet"}}
	return listGroup(f, "", lines)
}

// listGroup adds the datasets of a group and of the groups in it.
func listGroup(f *h5.File, group string, lines []image.KeyValue) ([]image.KeyValue, error) {
	at := group
	if at == "" {
		at = "/"
	}
	names, err := f.Members(at)
	if err != nil {
		return lines, err
	}
	for _, name := range names {
		full := group + "/" + name
		ds, err := f.OpenDataset(full)
		if err != nil { // a group
			if lines, err = listGroup(f, full, lines); err != nil {
				return lines, err
			}
			continue
		}
		kind := map[h5.Dtype]string{h5.Float32: "float32", h5.Float64: "float64"}[ds.Dtype()]
		if kind == "" {
			kind = "other type"
		}
		lines = append(lines, image.KeyValue{Key: full[1:], Value: fmt.Sprintf("%s %v", kind, ds.Shape())})
		if err := ds.Close(); err != nil {
			return lines, err
		}
	}
	return lines, nil
}

// describeWeights lists the tensors of a file of weights.
func describeWeights(path string, open func(string) (*checkpoint.File, error)) ([]image.KeyValue, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	values := 0
	var tensors []image.KeyValue
	for _, t := range f.Tensors {
		values += t.NumElements()
		tensors = append(tensors, image.KeyValue{Key: t.Name, Value: fmt.Sprintf("%s %v", t.Dtype, t.Shape)})
	}
	lines := []image.KeyValue{{Key: "weights", Value: fmt.Sprintf("%d tensors, %d values", len(tensors), values)}}
	var keys []string
	for k := range f.Metadata {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		lines = append(lines, image.KeyValue{Key: k, Value: f.Metadata[k]})
	}
	return append(lines, tensors...), nil
}
