// SPDX-License-Identifier: BSD-3-Clause

// Package mpitest is the conformance suite of package mpiutil. The same checks
// run on in-process ranks and under real MPI libraries, so that a test on
// in-process ranks means something for a job under MPI.
//
// Sizes are awkward on purpose: 0, 1, primes, and lengths on both sides of the
// limits below which libraries send a message ahead of its receiver.
package mpitest
