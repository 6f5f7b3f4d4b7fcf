// SPDX-License-Identifier: BSD-3-Clause

// Package emulator is COEmuNet: the convolutional network that maps cubes of
// velocity, temperature and density to images of a spectral line.
//
//	v, T, n ─ 3 encoders ─▶ 3 × 32 channels, grid/16 ─ to_lat ─▶ latent ─ to_dec ─▶ 64 × F × (grid/8)² ─ decoder ─▶ F × grid²
//
// Each encoder (encoder.go) sees one variable. Two dense layers without an
// activation between them (bottleneck.go) hold 99.5 % of the weights. The
// decoder (decoder.go) never mixes frequencies. Net predicts one image, Net3D F
// images; names, shapes, order and values of all parameters are those of the
// original's state_dict, so that its checkpoints can be exchanged.
//
// Inputs are [B, 3, g, g, g] (normalised v, T, n; the line of sight last),
// outputs [B, 1, g, g] (Net) or [B, 1, F, g, g] (Net3D), normalised logarithms
// of intensity.
//
// The network runs on any device.Device and never communicates: parallelism is
// applied from outside to Parameters and Gradients.
//
// Reference: Su, De Ceuster, Cha, Wilkinson, Thiyagalingam, Yates, Zhu & Bolte
// 2025, Emulating CO Line Radiative Transfer with Deep Learning, RAS Techniques
// & Instruments, arXiv:2507.11398.
package emulator
