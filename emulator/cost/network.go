// SPDX-License-Identifier: BSD-3-Clause

package cost

import "github.com/columen/columen/emulator/space"

// encoders is the number of encoders: velocity, temperature, density.
const encoders = 3

// Network is the shape of a network, with the fields of weights.Network.
type Network struct {
	Variant     string // "net" or "net3d"
	Grid        int    // cells per side
	Frequencies int    // images per sample
	Latent      int    // width of the latent layer
}

// layer is a convolution with what follows it, or a step between resolutions.
type layer struct {
	in, out              int // channels
	size                 [3]int
	kernel, stride, pad  [3]int
	norm                 bool // normalised and rectified
	unused               bool // has parameters, and no output depends on it
	side                 bool // hangs on the output of the layer before it
	pool, upsample, tanh bool // follows it; its output has channels out
}

func cubic(n int) [3]int { return [3]int{n, n, n} }

func volume(s [3]int) int { return s[0] * s[1] * s[2] }

// outSize is the extents of the convolution's output.
func (l layer) outSize() (s [3]int) {
	for a := range s {
		s[a] = (l.size[a]+2*l.pad[a]-l.kernel[a])/l.stride[a] + 1
	}
	return s
}

// nextSize is the extents of the output with what follows.
func (l layer) nextSize() [3]int {
	s := l.outSize()
	for a := range s {
		switch {
		case l.pool:
			s[a] /= 2
		case l.upsample && a > 0:
			s[a] *= 2
		}
	}
	return s
}

func (l layer) window() space.Window {
	return space.Window{Kernel: l.kernel, Stride: l.stride, Pad: l.pad}
}

// weights counts weights and biases, those of the normalisation included.
func (l layer) weights() int {
	n := l.out * (l.in*volume(l.kernel) + 1)
	if l.norm {
		n += 2 * l.out
	}
	return n
}

// macs counts multiplications per sample.
func (l layer) macs() int { return l.out * l.in * volume(l.kernel) * volume(l.outSize()) }

// encoder lists the layers of one encoder (package emulator, newEncoder).
func (n Network) encoder() []layer {
	stem := layer{in: 1, out: 4, size: cubic(n.Grid), kernel: cubic(3), stride: cubic(1), norm: true, pool: true}
	list, size, in := []layer{stem}, stem.nextSize(), 4
	for _, out := range []int{8, 16, 32} {
		for k := range 3 {
			first := layer{in: in, out: out, size: size, kernel: cubic(3), stride: cubic(1), pad: cubic(1), norm: true}
			if k == 0 {
				first.stride = cubic(2)
			}
			second := first
			second.in, second.size, second.stride = out, first.outSize(), cubic(1)
			short := second
			short.kernel, short.pad, short.unused, short.side = cubic(1), cubic(0), k > 0, true
			list = append(list, first, second, short)
			size, in = second.outSize(), out
		}
	}
	return list
}

// decoder lists the layers of the decoder (package emulator, newDecoder).
func (n Network) decoder() []layer {
	g := n.Grid / 8
	size, convs := [3]int{n.Frequencies, g, g}, 1
	if n.Variant == "net3d" {
		convs = 3
	}
	plane := layer{kernel: [3]int{1, 3, 3}, stride: cubic(1), pad: [3]int{0, 1, 1}}
	var list []layer
	channels := 64
	for ; channels > 8; channels /= 2 {
		l := plane
		l.in, l.out, l.size, l.norm = channels, channels/2, size, true
		for range convs {
			list = append(list, l)
			l.in = l.out
		}
		last := &list[len(list)-1]
		last.upsample = true
		size = last.nextSize()
	}
	end := plane
	end.in, end.out, end.size, end.tanh = channels, 1, size, n.Variant == "net3d"
	return append(list, end)
}

// Dense returns the inputs, latent values and outputs of the dense layers.
func (n Network) Dense() (inputs, latent, outputs int) {
	side, g := n.Grid/16, n.Grid/8
	return encoders * 32 * side * side * side, n.Latent, 64 * n.Frequencies * g * g
}

// Inputs and Outputs are the values of a sample.
func (n Network) Inputs() int { return encoders * volume(cubic(n.Grid)) }

// Outputs is the number of values of a sample's images.
func (n Network) Outputs() int { return n.Frequencies * n.Grid * n.Grid }

// Parameters counts those of convolutions and normalisations, of these the ones
// without gradient, the running statistics, and those of the dense layers.
func (n Network) Parameters() (convolutions, unused, statistics, dense int) {
	count := func(list []layer, times int) {
		for _, l := range list {
			convolutions += times * l.weights()
			if l.norm {
				statistics += times * 2 * l.out
			}
			if l.unused {
				unused += times * l.weights()
			}
		}
	}
	count(n.encoder(), encoders)
	count(n.decoder(), 1)
	k, h, o := n.Dense()
	return convolutions, unused, statistics, h*(k+1) + o*(h+1)
}

// MACs counts the multiplications of a pass forward per sample.
func (n Network) MACs() (encoder, dense, decoder int) {
	for _, l := range n.encoder() {
		if !l.unused {
			encoder += encoders * l.macs()
		}
	}
	for _, l := range n.decoder() {
		decoder += l.macs()
	}
	k, h, o := n.Dense()
	return encoder, h * (k + o), decoder
}

// moved is the bytes that convolutions and what follows them move through memory
// per sample: forward, a convolution reads its input and writes its output, whose
// statistics are read before it is read and written once more; backward,
// normalisation reads output and derivative twice and writes the derivative of its
// input, which is read by the derivatives of weights and of inputs, beside the input
// and the derivative of the input that is written.
func moved(list []layer) (forward, backward float64) {
	for _, l := range list {
		if l.unused {
			continue
		}
		in, out := float64(l.in*volume(l.size)), float64(l.out*volume(l.outSize()))
		forward += in + out
		backward += 2*in + 2*out
		if l.norm {
			forward += 3 * out
			backward += 5 * out
		}
		if l.pool || l.upsample || l.tanh {
			next := float64(l.out * volume(l.nextSize()))
			forward += out + next
			backward += 2*out + next
		}
	}
	return valueBytes * forward, valueBytes * backward
}

// valueBytes is the size of a value, float32, and latentBytes that of one of the
// latent layer while it is summed over ranks, float64.
const valueBytes, latentBytes = 4, 8

// norms lists the channels of every normalisation that is used.
func (n Network) norms() (channels []int) {
	for range encoders {
		for _, l := range n.encoder() {
			if l.norm && !l.unused {
				channels = append(channels, l.out)
			}
		}
	}
	for _, l := range n.decoder() {
		if l.norm {
			channels = append(channels, l.out)
		}
	}
	return channels
}
