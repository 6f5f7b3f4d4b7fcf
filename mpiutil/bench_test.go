// SPDX-License-Identifier: BSD-3-Clause

package mpiutil_test

import (
	"fmt"
	"testing"

	"github.com/columen/columen/mpiutil"
)

// BenchmarkInProcess measures what tests with several ranks pay for their
// communication; it says nothing about MPI.
func BenchmarkInProcess(b *testing.B) {
	for _, n := range []int{1, 1 << 10, 1 << 18} {
		b.Run(fmt.Sprintf("allreduce/ranks=4/float32=%d", n), func(b *testing.B) {
			b.SetBytes(int64(4 * n))
			err := mpiutil.InProcess(4, func(c *mpiutil.Comm) error {
				buf := make([]float32, n)
				for range b.N {
					if err := mpiutil.Allreduce(c, buf, buf, mpiutil.Sum); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
		b.Run(fmt.Sprintf("pingpong/float32=%d", n), func(b *testing.B) {
			b.SetBytes(int64(4 * n))
			err := mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
				buf := make([]float32, n)
				for i := range b.N {
					var err error
					if i%2 == c.Rank() {
						err = mpiutil.Send(c, buf, 1-c.Rank(), 0)
					} else {
						err = mpiutil.Recv(c, buf, 1-c.Rank(), 0)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
