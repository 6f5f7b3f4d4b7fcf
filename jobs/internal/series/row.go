// SPDX-License-Identifier: BSD-3-Clause

// Package series is the record of a scaling study: JSON Lines, one header and
// then one row per run of the program, and what follows from them: medians,
// speed-up, efficiency and fits.
//
// A study is what one TOML file asks for; it has one or more series. A series is
// strong (the same problem on more ranks) or weak (a problem that grows with the
// ranks). A row is written when its run is over and was checked: a run whose
// result fails its check has a row that says so, and no time.
//
// References:
//
//	Amdahl, G. M. 1967, AFIPS Conf. Proc. 30, 483
//	Gustafson, J. L. 1988, Commun. ACM 31, 532
//	Karp, A. H. & Flatt, H. P. 1990, Commun. ACM 33, 539
//	Gunther, N. J. 2008, arXiv:0808.1431 (universal scalability law)
//	Hoefler, T. & Belli, R. 2015, SC15, doi:10.1145/2807591.2807644
//	Tukey, J. W. 1977, Exploratory Data Analysis (quartiles and outliers)
package series

import (
	"fmt"
	"time"

	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/jobs/internal/run"
)

// Schema is the version of the file.
const Schema = 1

// The kinds of lines.
const (
	KindStudy   = "study"   // the first line
	KindRun     = "run"     // a run that passed its check
	KindRefused = "refused" // a run without a time, and why
)

// The laws of a series.
const (
	Strong = "strong" // the same problem on more ranks
	Weak   = "weak"   // a problem that grows along with the ranks
)

// What grows along a line.
const (
	Ranks   = "ranks"
	Threads = "threads"
)

// Study is the first line of a file: what all rows share.
type Study struct {
	Kind    string    `json:"kind"` // KindStudy
	Schema  int       `json:"schema"`
	Digest  string    `json:"study"` // SHA-256 of what makes rows comparable
	Name    string    `json:"name"`
	Command []string  `json:"command"`
	TOML    string    `json:"toml"` // the file, as it was
	Start   time.Time `json:"start"`
	Host    string    `json:"host"`
	CPU     string    `json:"cpu"` // model name that the system gives
	Cores   int       `json:"cores"`
	Program string    `json:"program_version"`
	Commit  string    `json:"git_commit"`
	Go      string    `json:"go_version"`
	Modules []string  `json:"modules"`
	Energy  string    `json:"energy,omitempty"` // where the energy of runs comes from, or why there is none

	Bandwidth Ceiling   `json:"bandwidth"` // bytes/s
	Peaks     []Ceiling `json:"peaks"`     // flop/s
	Kernels   []Kernel  `json:"kernels"`
	Messages  *Messages `json:"messages,omitempty"` // between two ranks, where two can be started
	Training  []Trained `json:"training,omitempty"` // what the cost model of training needs of one rank
}

// Ceiling is a measured rate of the machine, and how it was measured.
type Ceiling struct {
	Name      string  `json:"name"`
	PerSecond float64 `json:"per_second"`
	Threads   int     `json:"threads"`
	How       string  `json:"how"`
}

// Kernel is what a kernel needs, with nothing to skip, on all cores at once.
type Kernel struct {
	Name               string  `json:"name"`
	Precision          string  `json:"precision"` // single or double
	Unit               string  `json:"unit"`      // of work
	NanosecondsPerUnit float64 `json:"core_nanoseconds_per_unit"`
	FLOPs              float64 `json:"flop_per_unit"`
	Bytes              float64 `json:"bytes_per_unit"` // from and to memory, at least
	Threads            int     `json:"threads"`
	How                string  `json:"how"`
}

// Rate returns the flop/s of all threads together.
func (k Kernel) Rate() float64 { return k.FLOPs / k.NanosecondsPerUnit * 1e9 * float64(k.Threads) }

// Intensity returns the flop per byte.
func (k Kernel) Intensity() float64 { return k.FLOPs / k.Bytes }

// Messages is the time of a message between two ranks as latency + bytes/rate.
type Messages struct {
	LatencySeconds float64 `json:"latency_seconds"`
	BytesPerSecond float64 `json:"bytes_per_second"`
	How            string  `json:"how"`

	Sums    *cost.Messages `json:"sums,omitempty"`    // over ranks
	Sharing *cost.Sharing  `json:"sharing,omitempty"` // of one machine by its ranks
}

// Trained is how fast one rank passes through the network of a series.
type Trained struct {
	Series string     `json:"series"`
	Rates  cost.Rates `json:"rates"`
}

// Point is a place in the space of parameters.
type Point struct {
	Ranks    int    `json:"ranks"`
	Threads  int    `json:"threads_per_rank"`
	Cells    [3]int `json:"cells"`    // zero where the job has none
	Channels int    `json:"channels"` // 0 where the job has none
	Batch    int    `json:"batch"`    // 0 where the job has none
}

// Along returns the number of ranks, or of threads of each when over is Threads.
func (p Point) Along(over string) int {
	if over == Threads {
		return p.Threads
	}
	return p.Ranks
}

// String names the point in a few words.
func (p Point) String() string {
	s := fmt.Sprintf("%d ranks × %d threads", p.Ranks, p.Threads)
	if p.Ranks == 1 {
		s = fmt.Sprintf("1 rank × %d threads", p.Threads)
	}
	if p.Cells != [3]int{} {
		s += fmt.Sprintf(", %d×%d×%d cells", p.Cells[0], p.Cells[1], p.Cells[2])
	}
	if p.Channels > 0 {
		s += fmt.Sprintf(" × %d channels", p.Channels)
	}
	if p.Batch > 0 {
		s += fmt.Sprintf(", batch %d", p.Batch)
	}
	return s
}

// Check is how far the result of a run lies from that of the reference.
type Check struct {
	Error     float64 `json:"error"`
	Tolerance float64 `json:"tolerance"`
	Measure   string  `json:"measure"` // of the error
	Against   string  `json:"against"` // the reference run
}

// Energy is what a run needed, as far as the system says.
type Energy struct {
	Joules float64 `json:"joules"`
	Source string  `json:"source"` // counter and scope
}

// Row is one run.
type Row struct {
	Kind    string `json:"kind"`
	Study   string `json:"study"`
	Series  string `json:"series"`
	Law     string `json:"law"`
	Over    string `json:"over,omitempty"` // what grows along a line: Ranks, also when empty, or Threads
	Job     string `json:"job"`
	Mesh    string `json:"mesh,omitempty"` // what the ranks of a training share: data, also when empty, tensor or space
	Point   Point  `json:"point"`
	Repeat  int    `json:"repeat"`           // from 0; warm-ups count for themselves
	Warmup  bool   `json:"warmup,omitempty"` // kept, and in no statistic
	Order   int    `json:"order"`            // place in the order of runs of this call
	Refusal string `json:"refusal,omitempty"`

	Seconds      float64     `json:"seconds,omitempty"` // of the timed part, most of all ranks
	Timed        string      `json:"timed,omitempty"`   // what the timed part is
	WallSeconds  float64     `json:"wall_seconds,omitempty"`
	Phases       []run.Phase `json:"phases,omitempty"` // of the timed part, over all ranks
	Others       []run.Phase `json:"other_phases,omitempty"`
	Work         float64     `json:"work,omitempty"`
	WorkUnit     string      `json:"work_unit,omitempty"`
	FLOPs        float64     `json:"flop,omitempty"`     // of the timed part, where it is counted
	Bytes        float64     `json:"bytes,omitempty"`    // that the timed part must at least move between memory and processor, where it is counted
	RayAxes      []int       `json:"ray_axes,omitempty"` // of each image of the solver: 0 to 2
	CoreSeconds  float64     `json:"core_seconds,omitempty"`
	PeakBytes    int64       `json:"peak_memory_bytes,omitempty"` // of the largest rank
	Check        *Check      `json:"check,omitempty"`
	Energy       *Energy     `json:"energy,omitempty"`
	ConfigDigest string      `json:"config_digest,omitempty"`
	Commit       string      `json:"git_commit,omitempty"`
	Go           string      `json:"go_version,omitempty"`
	MPI          string      `json:"mpi_library,omitempty"`
	SlurmJob     string      `json:"slurm_job_id,omitempty"`
	Nodes        []string    `json:"nodes,omitempty"`
	Places       []run.Place `json:"places,omitempty"` // of each rank, as the rank found it

	Cores          int       `json:"cores,omitempty"` // different processors that the ranks may use together
	SharedCores    bool      `json:"shared_cores"`    // whether ranks may use the same processors
	Oversubscribed bool      `json:"oversubscribed"`  // ranks × threads > cores
	BandwidthBytes float64   `json:"bandwidth_bytes_per_second"`
	Command        []string  `json:"command"`
	Start          time.Time `json:"start"`
}

// Key identifies what a run was meant to measure.
type Key struct {
	Series string
	Point  Point
	Repeat int
	Warmup bool
}

// Key returns the key of the row.
func (r Row) Key() Key { return Key{r.Series, r.Point, r.Repeat, r.Warmup} }
