// SPDX-License-Identifier: BSD-3-Clause

package mpitest

import (
	"fmt"
	"slices"

	"github.com/columen/columen/mpiutil"
)

// check is one named property of a communicator.
type check struct {
	name string
	run  func(c *mpiutil.Comm) error
}

// Run runs all checks on c, one after the other; all ranks must call it. It
// returns the first failure, agreed on by all ranks.
func Run(c *mpiutil.Comm) error {
	for _, ch := range checks() {
		err := ch.run(c)
		if err != nil {
			err = fmt.Errorf("%s: %w", ch.name, err)
		}
		if err := mpiutil.Agree(c, err); err != nil {
			return err
		}
	}
	return nil
}

func checks() []check {
	return []check{
		{"ring of float32", ring[float32]},
		{"ring of float64", ring[float64]},
		{"ring of int32", ring[int32]},
		{"ring of int64", ring[int64]},
		{"ring of uint8", ring[uint8]},
		{"ring of a named type", ring[metres]},
		{"blocking pairs", pairs},
		{"order of messages", order},
		{"choice by tag and source", choice},
		{"message to itself", toItself},
		{"memory off the Go heap", offHeap},
		{"garbage collection", garbage},
		{"message of another length", otherLength},
		{"refused arguments", refused},
		{"broadcast", broadcast},
		{"all-reduce of float32", allreduce[float32]},
		{"all-reduce of float64", allreduce[float64]},
		{"all-reduce of int32", allreduce[int32]},
		{"all-reduce of int64", allreduce[int64]},
		{"all-reduce of uint8", allreduce[uint8]},
		{"gather", gather},
		{"gather of unequal parts", gatherv},
		{"all-gather", allgather},
		{"all-reduce in flight", inFlight},
		{"all to all", allToAll},
		{"byte strings", byteStrings},
		{"split", split},
		{"split apart from its parent", apart},
		{"cartesian topology", cartesian},
		{"agreement", agreement},
		{"agreement of several", agreementOfSeveral},
	}
}

// metres is a named element type.
type metres float64

// sizes are the lengths of messages, in elements.
func sizes() []int { return []int{0, 1, 7, 509, 1031, 8209} }

// pattern is a closed-form array that differs between ranks and is exact in all
// element types.
func pattern[T mpiutil.Number](rank, n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = T((i*7 + rank*13) % 31)
	}
	return s
}

// same compares element by element and names the first difference.
func same[T comparable](what string, got, want []T) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Errorf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
	return nil
}

// mustFail turns the absence of an error into one.
func mustFail(what string, err error) error {
	if err == nil {
		return fmt.Errorf("%s was accepted", what)
	}
	return nil
}

// first is the first error that is not nil.
func first(errs ...error) error {
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return errs[i]
}
