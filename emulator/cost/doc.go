// SPDX-License-Identifier: BSD-3-Clause

// Package cost predicts what training a network on a mesh of ranks takes: memory
// per rank, bytes sent, and the time of a step in its parts. It is arithmetic on
// the shape of the network, the mesh, rates measured on one rank (Rates) and the
// time of messages (Wires, Messages); it measures nothing and knows no MPI. Its
// results are predictions, and are labelled so wherever they are shown.
//
// # Notation
//
// R = D·p ranks in D groups of p = tensor × space ranks, B samples in a batch,
// b = ⌈B/R⌉ samples on the fullest rank, K inputs, H latent values and O outputs of
// the dense layers, W_c and W_d parameters of convolutions and dense layers, e = 4
// bytes of a value; see package parallel for what is sent when.
//
// # Computing
//
// Convolutions cost what they cost on one rank for the same number of samples, as
// a straight line t(b) = t₀ + t₁·b. A dense layer reads its weights once for many
// samples: t = w·(s + a·n) for a shard of w weights and the n = p·b samples of its
// group, s the time to stream a weight through memory and a that to work with it.
// Adam with the clearing of gradients moves 32 bytes per parameter: it reads
// value, gradient and two moments and writes all four.
//
// # Cores that share a memory
//
// Ranks of one machine slow each other down. Two factors tell by how much, of work
// that is bound by memory (S) and of work that is not (A), measured with kernels
// that all ranks run at once: streaming through an array, and a matrix product in
// cache. A dense layer has S·s + A·a, Adam S. Of convolutions, normalisation and
// resampling a share f = bytes/bandwidth/time is bound by memory, and they take
// f·S + (1 − f)·A times as long (an additive roofline: Williams, Waterman &
// Patterson 2009, CACM 52, 65, without the overlap).
//
// # Messages
//
// An all-reduce of n bytes over q ranks takes, in the best algorithms,
//
//	2·⌈log₂q⌉·α + 2·(q − 1)/q·n·β
//
// with the latency α and the time per byte β (Thakur, Rabenseifner & Gropp 2005,
// IJHPCA 19, 49, equation for recursive halving and doubling), and an all-to-all in
// which a rank sends n bytes (q − 1)·α + n·β (ibid., pairwise exchange). Where
// all-reduces were measured at several sizes, α and β are those of the sizes
// around n.
//
// # Overlap
//
// Reductions of the dense layers run beside the encoders' pass back, and with the
// late update also beside their next pass forward. How much of one hides behind
// computing depends on who moves the bytes: nothing where the cores do it all.
// The share is measured, and
//
//	exposed = t_reduce − share · min(t_reduce, window)
//
// # What is left out
//
// Noise, the hierarchy of networks inside and between nodes beyond what was
// measured, the file system, and checkpoints.
package cost
