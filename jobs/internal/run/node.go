// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"os"
	"strconv"
	"strings"

	"github.com/columen/columen/slurm"
)

// join joins MPI where the job needs it, and checks that the ranks found each
// other: under a launcher of another MPI every process is alone, and all would do
// the whole work and write the same files.
func (p Program) join(job Job) (Comm, error) {
	if job.Alone {
		if n := firstNumber("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"); n > 1 {
			return nil, &UsageError{"ranks", strconv.Itoa(n), "columen " + job.Name + " was started on several", "columen " + job.Name + " without mpirun"}
		}
		return Alone{}, nil
	}
	comm, err := p.Join()
	if err != nil || comm.Size() > 1 || firstNumber("OMPI_COMM_WORLD_SIZE", "PMI_SIZE") > 0 {
		return comm, err
	}
	if a, found, err := slurm.FromEnv(os.Getenv); found && err == nil && a.InStep && a.Tasks > 1 {
		return nil, &UsageError{"srun", strconv.Itoa(a.Tasks) + " tasks", "MPI found one rank only: srun does not speak the language of this MPI library",
			"srun --mpi=pmix for Open MPI, --mpi=pmi2 for MPICH (srun --mpi=list shows what there is), mpirun, or one task"}
	}
	return comm, nil
}

// onlineCPUs returns the number of processors of the machine, or 0 when the
// system does not say.
func onlineCPUs() int {
	data, err := os.ReadFile("/sys/devices/system/cpu/online")
	if err != nil {
		return 0
	}
	return countRanges(strings.TrimSpace(string(data)))
}

// countRanges counts the numbers in a list such as "0-3,8,10-11"; 0 when the
// list is not one.
func countRanges(list string) int {
	count := 0
	for _, part := range strings.Split(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		lo, errLo := strconv.Atoi(first)
		hi, errHi := strconv.Atoi(last)
		if errLo != nil || errHi != nil || hi < lo {
			return 0
		}
		count += hi - lo + 1
	}
	return count
}

// ranksOnThisNode returns how many ranks the launcher started on this machine;
// 1 when no launcher says.
func ranksOnThisNode() int {
	if n := firstNumber("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "PMI_LOCAL_SIZE", "SLURM_NTASKS_PER_NODE"); n > 0 {
		return n
	}
	return 1
}

// launcherRank returns the rank that the launcher gave this process, or 0. It
// serves only where MPI could not be joined.
func launcherRank() int {
	return max(firstNumber("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"), 0)
}

// firstNumber returns the first of the environment variables that is a number,
// or -1.
func firstNumber(names ...string) int {
	for _, name := range names {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
	}
	return -1
}
