// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/columen/columen/mpiutil"
)

// Makers sets the last ranks of a world apart: they make samples, and the others
// train on them.
//
// A trainer gets the samples of its batches (dataset.Plan) one by one, sample n of
// trainer t from maker (n + t) mod makers. It asks for as many as it has posted
// receives for, and a maker sends no others, in the order of the plan: neither
// the number of makers nor their speed changes a bit of what comes. A trainer that
// has enough gets the rest of what it asked for as empty messages; then it may begin
// elsewhere, or leave.
type Makers struct {
	comm     *mpiutil.Comm // all ranks
	trainers *mpiutil.Comm // nil on a maker
	number   int           // of makers
}

// NewMakers makes the last ranks of world makers. It is collective.
func NewMakers(world *mpiutil.Comm, makers int) (*Makers, error) {
	if makers < 1 || makers >= world.Size() {
		return nil, fmt.Errorf("parallel: %d of %d ranks make samples: want at least 1, and one that trains", makers, world.Size())
	}
	m := &Makers{number: makers}
	var err error
	if m.comm, err = world.Split(0, world.Rank()); err != nil {
		return nil, err
	}
	color := 0
	if world.Rank() >= m.count() {
		color = -1
	}
	m.trainers, err = world.Split(color, world.Rank())
	return m, err
}

// count is the number of trainers, which have the first ranks.
func (m *Makers) count() int { return m.comm.Size() - m.number }

// Trainers are the ranks that train, nil on a rank that does not.
func (m *Makers) Trainers() *mpiutil.Comm { return m.trainers }

// maker is the rank that makes sample n of a trainer.
func (m *Makers) maker(n int64, trainer int) int {
	return m.count() + int((n+int64(trainer))%int64(m.number))
}

// Conclude ends the work of all ranks with one result: a maker returns what the
// trainers do. It is collective.
func (m *Makers) Conclude(err error) error {
	all := mpiutil.Agree(m.comm, err)
	var agreed *mpiutil.AgreedError
	switch {
	case !errors.As(all, &agreed):
		return all // nothing, or a failure of the communication
	case err != nil:
		return err
	}
	same := *agreed
	if m.trainers == nil && same.Failed == m.count() {
		same.Failed = same.Size
	}
	return &same
}

// Tags of messages between trainers and makers.
const (
	askTag = 11 + iota
	headTag
	inputTag
	outputTag
)

// ask is what a trainer tells a maker: one of the constants, up to which of its
// samples it has asked for, and epoch and position of the first.
type ask [4]int64

const (
	more    = iota
	enough  // it takes no more from this beginning
	leaving // and there is no other
)

// What became of a sample.
const (
	sampleMade   = iota
	sampleFailed // the head has the error
	sampleEmpty  // the trainer has enough
)

// headBytes is the length of a head, and headText where its text begins.
const (
	headBytes = 2048
	headText  = 40
)

// head goes before every sample.
type head struct {
	epoch, sample int64
	busy, idle    time.Duration // of the goroutine that made it: on it, and before it
	state         int           // sampleMade …
	told          bool          // the maker was told to stop
	code          int           // exit code of the error
	text          string        // of the error; cut where it is too long
}

func (h *head) encode(b []byte) {
	for i, v := range []int64{h.epoch, h.sample, int64(h.busy), int64(h.idle)} {
		binary.LittleEndian.PutUint64(b[8*i:], uint64(v))
	}
	b[32], b[33], b[34] = byte(h.state), 0, byte(h.code)
	if h.told {
		b[33] = 1
	}
	n := copy(b[headText:], h.text)
	binary.LittleEndian.PutUint16(b[36:], uint16(n))
}

func decodeHead(b []byte) head {
	at := func(i int) int64 { return int64(binary.LittleEndian.Uint64(b[8*i:])) }
	n := binary.LittleEndian.Uint16(b[36:])
	return head{epoch: at(0), sample: at(1), busy: time.Duration(at(2)), idle: time.Duration(at(3)),
		state: int(b[32]), told: b[33] == 1, code: int(b[34]), text: string(b[headText : headText+n])}
}

// makerError is the error of a maker on the trainer that wanted the sample.
type makerError struct {
	rank, code int
	text       string
}

func (e *makerError) Error() string {
	return fmt.Sprintf("rank %d, which makes samples: %s", e.rank, e.text)
}

// ExitCode is that of the error on the maker.
func (e *makerError) ExitCode() int { return e.code }
