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

// wants lists what a network needs of a file.
func wants(entries []*nn.Entry[float32]) []checkpoint.Want {
	list := make([]checkpoint.Want, len(entries))
	for i, e := range entries {
		list[i] = checkpoint.Want{Name: e.Name, Shape: e.Shape}
		if e.Kind == nn.Counter {
			list[i].Dtypes = []checkpoint.Dtype{checkpoint.I64}
		}
	}
	return list
}

// Restore copies the tensors of a file to a network that has memory. Tensors
// that are missing, extra or misshapen make a *checkpoint.MismatchError, and
// nothing is changed then.
func Restore(dev device.Memory[float32], entries []*nn.Entry[float32], f *checkpoint.File) error {
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
		values := make([]float32, e.Len())
		if err := tensors[i].CopyFloat32(values); err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
		dev.Upload(e.Value, values)
	}
	return dev.Sync()
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
