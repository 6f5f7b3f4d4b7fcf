// SPDX-License-Identifier: BSD-3-Clause

package dataset

import "fmt"

// Predictor computes normalised images [B, F, g, g] of inputs [B, 3, g, g, g].
type Predictor func(input []float32) ([]float32, error)

// Symmetrise returns a predictor that averages another over all symmetries of
// the data, in the network's numbers, so in the logarithm of intensity:
//
//	P(x) = 1/16 · Σ_s  s⁻¹ · predict(s · x)
//
// With P a turned, mirrored or reversed input gives exactly the turned, mirrored
// or reversed image, which a network learns but roughly. It costs Symmetries
// predictions. The channels must be symmetric about the line, as those of a data
// set are.
func Symmetrise(predict Predictor, nm Normalization, shape Shape) Predictor {
	return func(input []float32) ([]float32, error) {
		in, out := shape.InputLen(), shape.OutputLen()
		n := len(input) / in
		if len(input) != n*in {
			return nil, fmt.Errorf("symmetrise: input of %d values: want a multiple of %d", len(input), in)
		}
		moved, back, sum := make([]float32, len(input)), make([]float32, out), make([]float64, n*out)
		for s := range Symmetry(Symmetries) {
			for i := range n {
				s.ApplyInput(nm, moved[i*in:(i+1)*in], input[i*in:(i+1)*in], shape.Grid)
			}
			images, err := predict(moved)
			if err != nil {
				return nil, err
			}
			for i := range n {
				s.Inverse().ApplyOutput(back, images[i*out:(i+1)*out], shape.Channels, shape.Grid)
				for k, y := range back {
					sum[i*out+k] += float64(y)
				}
			}
		}
		mean := make([]float32, len(sum))
		for k, y := range sum {
			mean[k] = float32(y / Symmetries)
		}
		return mean, nil
	}
}
