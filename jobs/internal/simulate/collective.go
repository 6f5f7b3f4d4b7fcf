// SPDX-License-Identifier: BSD-3-Clause

package simulate

import "math/bits"

// Ring appends an all-reduce of bytes on a ring to the steps of all ranks: p − 1
// steps of reduction and p − 1 of distribution, each of bytes/p. Its time is
//
//	2 (p − 1) (o + L + bytes/p · G)
func Ring(programs [][]Op, bytes float64) {
	p := len(programs)
	for i := range programs {
		for range 2 * (p - 1) {
			programs[i] = append(programs[i], Op{Kind: Send, Peer: (i + 1) % p, Bytes: bytes / float64(p)}, Op{Kind: Recv, Peer: (i + p - 1) % p})
		}
	}
}

// Tree appends an all-reduce by recursive halving and doubling, which MPI libraries
// choose for long vectors on many ranks. On a power of two its time is
//
//	2 log₂p (o + L) + 2 (p − 1)/p · bytes · G
//
// On other numbers the ranks beyond the largest power of two first hand all they
// have to a partner, and get the result from it.
func Tree(programs [][]Op, bytes float64) {
	p := len(programs)
	core := 1 << (bits.Len(uint(p)) - 1)
	for i := core; i < p; i++ {
		programs[i] = append(programs[i], Op{Kind: Send, Peer: i - core, Bytes: bytes})
		programs[i-core] = append(programs[i-core], Op{Kind: Recv, Peer: i})
	}
	for i := range core {
		part := bytes
		for d := core / 2; d > 0; d /= 2 {
			part /= 2
			programs[i] = append(programs[i], Op{Kind: Send, Peer: i ^ d, Bytes: part}, Op{Kind: Recv, Peer: i ^ d})
		}
		for d := 1; d < core; d *= 2 {
			programs[i] = append(programs[i], Op{Kind: Send, Peer: i ^ d, Bytes: part}, Op{Kind: Recv, Peer: i ^ d})
			part *= 2
		}
	}
	for i := core; i < p; i++ {
		programs[i-core] = append(programs[i-core], Op{Kind: Send, Peer: i, Bytes: bytes})
		programs[i] = append(programs[i], Op{Kind: Recv, Peer: i - core})
	}
}

// RingSeconds is the closed form of Ring.
func RingSeconds(net Network, p int, bytes float64) float64 {
	return 2 * float64(p-1) * (net.Overhead + net.Latency + bytes/float64(p)*net.PerByte)
}

// TreeSeconds is the closed form of Tree: on other numbers than powers of two the
// whole vector travels twice more, and the first half of the next message waits for
// it on the way in.
func TreeSeconds(net Network, p int, bytes float64) float64 {
	core := 1 << (bits.Len(uint(p)) - 1)
	steps := float64(bits.Len(uint(p)) - 1)
	t := 2*steps*(net.Overhead+net.Latency) + 2*(1-1/float64(core))*bytes*net.PerByte
	if p > core {
		t += 2*(net.Overhead+net.Latency) + 2.5*bytes*net.PerByte
	}
	return t
}
