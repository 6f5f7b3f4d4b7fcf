// SPDX-License-Identifier: BSD-3-Clause

package weights

import (
	"errors"
	"fmt"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// Tensors copies the values of a network from its device, every entry of the
// state_dict in its order.
func Tensors(dev device.Memory[float32], entries []*nn.Entry[float32]) ([]checkpoint.Tensor, error) {
	tensors := make([]checkpoint.Tensor, 0, len(entries))
	for _, e := range entries {
		if e.Kind == nn.Counter {
			tensors = append(tensors, checkpoint.FromInt64(e.Name, nil, []int64{e.Count}))
			continue
		}
		if e.Half != nil {
			tensors = append(tensors, checkpoint.FromBF16(e.Name, e.Shape, e.Half))
			continue
		}
		if e.Value == nil {
			return nil, fmt.Errorf("weights: %s has no values", e.Name)
		}
		values := make([]float32, e.Len())
		dev.Download(values, e.Value)
		tensors = append(tensors, checkpoint.FromFloat32(e.Name, e.Shape, values))
	}
	return tensors, dev.Sync()
}

// wants lists what a network needs of a file; slices of a tensor need all of it.
func wants(entries []*nn.Entry[float32]) []checkpoint.Want {
	list, seen := make([]checkpoint.Want, 0, len(entries)), map[string]bool{}
	for _, e := range entries {
		if seen[e.Name] {
			continue
		}
		seen[e.Name] = true
		want := checkpoint.Want{Name: e.Name, Shape: e.Whole()}
		if e.Kind == nn.Counter {
			want.Dtypes = []checkpoint.Dtype{checkpoint.I64}
		}
		list = append(list, want)
	}
	return list
}

// Restore copies the tensors of a file to a network that has memory, of slices
// what belongs to them. Tensors that are missing, extra or misshapen make a
// *checkpoint.MismatchError, and nothing is changed then.
func Restore(dev device.Memory[float32], entries []*nn.Entry[float32], f *checkpoint.File) error {
	list, err := f.Match(wants(entries))
	if err != nil {
		return err
	}
	tensors := map[string]checkpoint.Tensor{}
	for _, t := range list {
		tensors[t.Name] = t
	}
	for _, e := range entries {
		if e.Kind == nn.Counter {
			e.Count, err = counter(tensors[e.Name])
		} else {
			err = Fill(dev, e, tensors[e.Name], e.Value)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return dev.Sync()
}

// Fill copies what an entry has of a tensor to a buffer of the entry's length.
func Fill(dev device.Memory[float32], e *nn.Entry[float32], t checkpoint.Tensor, to device.Buffer[float32]) error {
	part := make([]float32, 0, min(e.Len(), fillValues))
	at, first, end := 0, 0, 0 // of the entry, where part begins; of the tensor, what part is within
	flush := func() {
		dev.Upload(to.Slice(at, at+len(part)), part)
		t.Range(first, end-first).Drop()
		at, first, part = at+len(part), end, part[:0]
	}
	var err error
	e.Stretches(func(_, from, n int) { // in the order of the entry
		for n > 0 && err == nil {
			k := min(n, cap(part)-len(part))
			part = part[:len(part)+k]
			err = t.Range(from, k).CopyFloat32(part[len(part)-k:])
			from, n = from+k, n-k
			if end = from; len(part) == cap(part) {
				flush()
			}
		}
	})
	if err == nil {
		flush()
	}
	return err
}

// fillValues is how many values of a mapped file Fill has in memory at a time.
const fillValues = 1 << 20

// Parts lists the entries of a network as this rank's part of a checkpoint, with
// the data of those that it owns. Values in the host's memory are not copied:
// they must not change before the parts are written.
func Parts(dev device.Memory[float32], entries []*nn.Entry[float32], owns func(e *nn.Entry[float32]) bool) ([]checkpoint.Part, error) {
	parts := make([]checkpoint.Part, 0, len(entries))
	for _, e := range entries {
		if e.Kind == nn.Counter {
			t := checkpoint.FromInt64(e.Name, nil, []int64{e.Count})
			if !owns(e) {
				t.Data = nil
			}
			parts = append(parts, checkpoint.Part{Name: t.Name, Dtype: t.Dtype, Data: t.Data})
			continue
		}
		if e.Value == nil {
			return nil, fmt.Errorf("weights: %s has no values", e.Name)
		}
		parts = append(parts, Part(dev, e, e.Name, e.Value, owns(e)))
	}
	return parts, dev.Sync()
}

// Part is the part of a tensor of that name that lies in values as entry e does
// in its own tensor; without data unless this rank owns it.
func Part(dev device.Memory[float32], e *nn.Entry[float32], name string, values device.Buffer[float32], owned bool) checkpoint.Part {
	p := checkpoint.Part{Name: name, Dtype: checkpoint.F32, Shape: e.Whole(), Stretches: e.Stretches}
	if owned && e.Len() > 0 {
		host, ok := values.(device.Host[float32])
		if !ok {
			host = make([]float32, values.Len())
			dev.Download(host, values)
		}
		p.Data = checkpoint.FromFloat32(name, []int{len(host)}, host).Data
	}
	return p
}

// Adopter is a network that can use values where they lie.
type Adopter interface {
	Entries() []*nn.Entry[float32]
	Adopt(name string, values []float32) error
	AdoptBF16(name string, values []uint16) error
}

// Adopt lets a network without memory use the tensors of a file, which must
// stay open, without a copy where they are float32, or bfloat16 in a dense layer.
func Adopt(m Adopter, f *checkpoint.File) error {
	entries := m.Entries()
	tensors, err := f.Match(wants(entries))
	if err != nil {
		return err
	}
	for i, e := range entries {
		if e.Kind == nn.Counter {
			if e.Count, err = counter(tensors[i]); err != nil {
				return fmt.Errorf("%s: %w", f.Path, err)
			}
			continue
		}
		err := adopt(m, e, tensors[i])
		if err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return nil
}

// adopt gives a network one tensor.
func adopt(m Adopter, e *nn.Entry[float32], t checkpoint.Tensor) error {
	switch {
	case t.Dtype == checkpoint.F32:
		values, err := t.Float32()
		if err != nil {
			return err
		}
		return m.Adopt(e.Name, values)
	case t.Dtype == checkpoint.BF16 && e.IsDense():
		values, err := t.BF16()
		if err == nil {
			err = m.AdoptBF16(e.Name, values)
		}
		if !errors.Is(err, device.ErrNoBF16) {
			return err
		}
	}
	values := make([]float32, e.Len())
	if err := t.CopyFloat32(values); err != nil {
		return err
	}
	return m.Adopt(e.Name, values)
}

func counter(t checkpoint.Tensor) (int64, error) {
	v, err := t.Int64()
	if err != nil {
		return 0, err
	}
	return v[0], nil
}
