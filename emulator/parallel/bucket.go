// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"fmt"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/mpiutil"
)

// The sizes of buckets: the first is small, so that something is under way soon,
// the others large enough for the full rate of the network (Li et al. 2020, VLDB
// 13, 3005, sections 3.2 and 5).
const (
	firstBytes  = 1 << 20
	bucketBytes = 25 << 20
)

// bucket is a stretch of the gradients that is reduced in one operation.
type bucket[T device.Float] struct {
	lo, hi  int // in the gradients
	comm    *mpiutil.Comm
	late    bool           // read late in the next forward pass
	entries []*nn.Entry[T] // that lie in it
	missing int            // of these not complete in this batch
	request *mpiutil.Request
	name    string // for people

	owed bool    // reduced and updated later, as step number step at rate
	rate float64 // of what is owed
	step int
}

// plan cuts the gradients into buckets in the order in which a backward pass
// completes them, last entries first. comm gives the ranks over which an entry is
// summed. Entries without gradient are in none.
func plan[T device.Float](entries []*nn.Entry[T], comm func(e *nn.Entry[T]) *mpiutil.Comm) (list []*bucket[T], of map[*nn.Entry[T]][]*bucket[T]) {
	of = map[*nn.Entry[T]][]*bucket[T]{}
	end := 0
	for _, e := range entries {
		if e.HasGradient() {
			end += e.Len()
		}
	}
	size := sizeOf[T]()
	var open *bucket[T] // may take more entries in front of it
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		if !e.HasGradient() {
			continue
		}
		begin := end - e.Len()
		for hi := end; hi > begin || e.Len() == 0; {
			most := bucketBytes / size
			if len(list) == 0 || len(list) == 1 && open != nil {
				most = firstBytes / size
			}
			if open == nil || open.comm != comm(e) || open.late != e.Late || open.hi-open.lo >= most {
				open = &bucket[T]{lo: hi, hi: hi, comm: comm(e), late: e.Late, name: fmt.Sprintf("the reduction of bucket %d", len(list))}
				list = append(list, open)
			}
			open.lo = max(begin, open.hi-most)
			hi = open.lo
			open.entries = append(open.entries, e)
			open.missing++
			of[e] = append(of[e], open)
			if e.Len() == 0 {
				break
			}
		}
		end = begin
	}
	return list, of
}
