// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// AgreedError is a failure that all ranks of a communicator know of. All its
// fields but Local are the same on all of them, so that all take the same way
// out: Finalize, and exit code Code.
type AgreedError struct {
	Rank    int    // world rank of the lowest failing rank
	Failed  int    // number of ranks that failed
	Size    int    // number of ranks that agreed
	Message string // error text of the lowest failing rank
	Code    int    // exit code of the error of the lowest failing rank, see ExitCode
	Local   error  // error of this rank, nil where it did not fail
}

// Error is what happened on the lowest failing rank, and which that is and how
// many failed, unless all did.
func (e *AgreedError) Error() string {
	if e.Failed == e.Size {
		return e.Message
	}
	return fmt.Sprintf("rank %d failed (%d of %d ranks): %s", e.Rank, e.Failed, e.Size, e.Message)
}

// Unwrap returns the error of this rank, if it had one.
func (e *AgreedError) Unwrap() error { return e.Local }

// ExitCode is Code.
func (e *AgreedError) ExitCode() int { return e.Code }

// Agree tells all ranks whether one of them has failed. All ranks must call it,
// each with its own error or nil; it costs one all-reduce of 8 bytes when none
// has failed. It returns nil on all ranks when err is nil on all, and otherwise
// an *AgreedError on all. Call it after every step that can fail on one rank
// alone and before the next collective operation, in which the other ranks would
// wait for ever. A failure of the communication itself is returned as it is,
// joined with err.
func Agree(c *Comm, err error) error {
	count := []int64{0}
	if err != nil {
		count[0] = 1
	}
	if comm := Allreduce(c, count, count, Sum); comm != nil {
		return errors.Join(err, comm)
	}
	if count[0] == 0 {
		return nil
	}
	first := []int32{int32(c.size)}
	if err != nil {
		first[0] = int32(c.rank)
	}
	if comm := Allreduce(c, first, first, Min); comm != nil {
		return errors.Join(err, comm)
	}
	var report []byte
	if int(first[0]) == c.rank {
		report = encodeReport(c.world, err)
	}
	report, comm := BcastBytes(c, report, int(first[0]))
	if comm != nil {
		return errors.Join(err, comm)
	}
	e := &AgreedError{Failed: int(count[0]), Size: c.size, Local: err}
	e.Rank, e.Code, e.Message = decodeReport(report)
	return e
}

// encodeReport packs the rank, code and text of err. An error that was agreed on
// before, perhaps in a smaller communicator, keeps the rank that it names.
func encodeReport(rank int, err error) []byte {
	text := err.Error()
	if agreed, ok := err.(*AgreedError); ok {
		rank, text = agreed.Rank, agreed.Message
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(rank))
	b = binary.LittleEndian.AppendUint32(b, uint32(ExitCode(err)))
	return append(b, text...)
}

func decodeReport(b []byte) (rank, code int, text string) {
	return int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:])), string(b[8:])
}
