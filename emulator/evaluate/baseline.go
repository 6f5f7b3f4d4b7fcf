// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"errors"
	"math"

	"github.com/columen/columen/emulator/dataset"
)

// MeanImage returns the mean of all normalised images of a source, the best
// guess without looking at the input.
func MeanImage(src dataset.Source, shape dataset.Shape) ([]float32, error) {
	if src.Len() == 0 {
		return nil, errors.New("mean image: the source has no samples")
	}
	input, output := make([]float32, shape.InputLen()), make([]float32, shape.OutputLen())
	sum := make([]float64, len(output))
	for i := range src.Len() {
		if err := src.Read(i, input, output); err != nil {
			return nil, err
		}
		for k, y := range output {
			sum[k] += float64(y)
		}
	}
	for k := range output {
		output[k] = float32(sum[k] / float64(src.Len()))
	}
	return output, nil
}

// Neighbours finds for inputs the training sample that is most alike: the
// smallest Euclidean distance of normalised inputs averaged over blocks, so
// that a search is quick and looks at shapes rather than at single cells.
type Neighbours struct {
	src      dataset.Source
	shape    dataset.Shape
	features [][]float32
	scratch  []float32
}

// featureGrid is the number of blocks along each edge: 3·8³ = 1536 numbers per
// sample.
const featureGrid = 8

// NewNeighbours reads all inputs of a source once.
func NewNeighbours(src dataset.Source, shape dataset.Shape) (*Neighbours, error) {
	n := &Neighbours{src: src, shape: shape, scratch: make([]float32, shape.InputLen())}
	output := make([]float32, shape.OutputLen())
	for i := range src.Len() {
		if err := src.Read(i, n.scratch, output); err != nil {
			return nil, err
		}
		n.features = append(n.features, n.feature(n.scratch))
	}
	if len(n.features) == 0 {
		return nil, errors.New("nearest sample: the source has no samples")
	}
	return n, nil
}

// feature averages an input [3, g, g, g] over blocks.
func (n *Neighbours) feature(input []float32) []float32 {
	g := n.shape.Grid
	b := min(featureGrid, g)
	sum, count := make([]float64, 3*b*b*b), make([]float64, 3*b*b*b)
	for i, x := range input {
		v, cx, cy, cz := i/(g*g*g), i/(g*g)%g, i/g%g, i%g
		at := ((v*b+cx*b/g)*b+cy*b/g)*b + cz*b/g
		sum[at] += float64(x)
		count[at]++
	}
	f := make([]float32, len(sum))
	for k := range f {
		f[k] = float32(sum[k] / count[k])
	}
	return f
}

// Predict writes the image of the nearest sample to output and returns the
// number of the sample.
func (n *Neighbours) Predict(input, output []float32) (int, error) {
	f := n.feature(input)
	best, low := 0, math.Inf(1)
	for i, other := range n.features {
		var d float64
		for k := range f {
			e := float64(f[k] - other[k])
			d += e * e
		}
		if d < low {
			best, low = i, d
		}
	}
	return best, n.src.Read(best, n.scratch, output)
}
