// SPDX-License-Identifier: BSD-3-Clause

package dataset

import "fmt"

// Plan is the sequence of batches of a rank: which samples they have, from a
// cursor on, without end. It is a function of the options alone.
type Plan struct {
	opts            LoaderOptions
	samples         int64
	epoch, position int64 // of the next batch
}

// NewPlan returns the batches of a set of so many samples.
func NewPlan(samples int, opts LoaderOptions) (*Plan, error) {
	if err := opts.validate(samples); err != nil {
		return nil, fmt.Errorf("data loader: %w", err)
	}
	return &Plan{opts: opts, samples: int64(samples), epoch: opts.Epoch, position: opts.Position}, nil
}

// Most is the largest number of samples of a batch on a rank.
func (p *Plan) Most() int { return (p.opts.BatchSize + p.opts.Ranks - 1) / p.opts.Ranks }

// Ahead is how many samples the options have a rank read ahead of their use.
func (p *Plan) Ahead() int { return p.opts.Prefetch * p.Most() }

// Next chooses the samples of the next batch.
func (p *Plan) Next(b *Batch) {
	o := &p.opts
	b.Epoch, b.Position = p.epoch, p.position
	b.Total = int(min(int64(o.BatchSize), p.samples-p.position))
	if p.position += int64(b.Total); p.position == p.samples {
		p.epoch, p.position = p.epoch+1, 0
	}
	b.NextEpoch, b.NextPosition = p.epoch, p.position
	order := NewPermutation(int(p.samples), o.Seed, uint64(b.Epoch))
	lo, hi := b.Total*o.Rank/o.Ranks, b.Total*(o.Rank+1)/o.Ranks
	first, last := lo, hi
	if o.Block != nil {
		first, last = b.Total*o.Block.First/o.Ranks, b.Total*o.Block.Last/o.Ranks
	}
	b.Cubes = b.Cubes[:0]
	for k := first; k < last; k++ {
		sample := int(b.Position) + k
		if !o.InOrder {
			sample = order.At(sample)
		}
		b.Cubes = append(b.Cubes, sample)
	}
	b.own = lo - first
	b.Samples = b.Cubes[lo-first : hi-first]
}

// Room gives a batch room for its samples, in the memory that it has if there is
// enough.
func (p *Plan) Room(b *Batch) {
	in, out, most := p.opts.inputLen(), p.opts.Shape.OutputLen(), p.Most()
	if shared := p.opts.Block; shared != nil {
		most = shared.Most(p.opts.BatchSize, p.opts.Ranks)
	}
	b.Input = room(b.Input, len(b.Cubes)*in, most*in)
	b.Output = room(b.Output, len(b.Samples)*out, p.Most()*out)
}

// inputLen is the number of values of an input.
func (o *LoaderOptions) inputLen() int {
	if o.Block != nil {
		return 3 * o.Block.Box.Cells()
	}
	return o.Shape.InputLen()
}

// room returns n values, in the memory of old if it is large enough, else in
// memory for so many.
func room(old []float32, n, most int) []float32 {
	if cap(old) < n {
		old = make([]float32, most)
	}
	return old[:n]
}

// Drawer takes samples from a source as a step wants them, with their random
// symmetry if the options say so. Use one per goroutine.
type Drawer struct {
	src     Source
	opts    LoaderOptions
	scratch []float32 // of a sample
}

// NewDrawer returns a drawer; it needs Shape, Seed, Augment and Normalization of
// the options.
func NewDrawer(src Source, opts LoaderOptions) *Drawer {
	return &Drawer{src: src, opts: opts, scratch: make([]float32, opts.Shape.InputLen()+opts.Shape.OutputLen())}
}

// Draw fills input and output with a sample of an epoch.
func (d *Drawer) Draw(epoch int64, sample int, input, output []float32) error {
	o, in := &d.opts, d.opts.Shape.InputLen()
	s := d.symmetry(epoch, sample)
	if s == 0 {
		return d.take(epoch, sample, input, output)
	}
	if err := d.take(epoch, sample, d.scratch[:in], d.scratch[in:]); err != nil {
		return err
	}
	s.ApplyInput(o.Normalization, input, d.scratch[:in], o.Shape.Grid)
	s.ApplyOutput(output, d.scratch[in:], o.Shape.Channels, o.Shape.Grid)
	return nil
}

// symmetry is that of a sample in an epoch.
func (d *Drawer) symmetry(epoch int64, sample int) Symmetry {
	if !d.opts.Augment {
		return 0
	}
	return RandomSymmetry(NewRandom(d.opts.Seed, PurposeAugment, uint64(epoch), uint64(sample)))
}

// fill draws cube k of a batch, and the image if the sample is this rank's.
func (d *Drawer) fill(b *Batch, k int) error {
	in, out, own := d.opts.inputLen(), d.opts.Shape.OutputLen(), k-b.own
	input, output := b.Input[k*in:(k+1)*in], []float32(nil)
	if own >= 0 && own < len(b.Samples) {
		output = b.Output[own*out : (own+1)*out]
	}
	if d.opts.Block == nil {
		return d.Draw(b.Epoch, b.Cubes[k], input, output)
	}
	err := d.drawBlock(b.Epoch, b.Cubes[k], input, output)
	if err != nil {
		return fmt.Errorf("data loader: block of sample %d in epoch %d: %w", b.Cubes[k], b.Epoch, err)
	}
	return nil
}

// drawBlock fills input with this rank's block of a sample, which its symmetry
// takes from another block, and output, unless it is nil, with its image.
func (d *Drawer) drawBlock(epoch int64, sample int, input, output []float32) error {
	o, src, s := &d.opts, d.src.(BlockSource), d.symmetry(epoch, sample)
	if box := o.Block.Box; s == 0 && box.Cells() > 0 {
		if err := src.ReadBlock(sample, box, input); err != nil {
			return err
		}
	} else if box.Cells() > 0 {
		block := d.scratch[:len(input)]
		if err := src.ReadBlock(sample, s.Source(box, o.Shape.Grid), block); err != nil {
			return err
		}
		s.ApplyBlock(o.Normalization, box, input, block, o.Shape.Grid)
	}
	if output == nil {
		return nil
	}
	image := d.scratch[:len(output)]
	if err := src.ReadOutput(sample, image); err != nil {
		return err
	}
	s.ApplyOutput(output, image, o.Shape.Channels, o.Shape.Grid)
	return nil
}

// take reads a sample.
func (d *Drawer) take(epoch int64, sample int, input, output []float32) error {
	var err error
	if src, ok := d.src.(Renewed); ok {
		err = src.ReadIn(epoch, sample, input, output)
	} else {
		err = d.src.Read(sample, input, output)
	}
	if err != nil {
		return fmt.Errorf("data loader: sample %d in epoch %d: %w", sample, epoch, err)
	}
	return nil
}
