// SPDX-License-Identifier: BSD-3-Clause

// Package slurm is what columen knows of the batch system: what the environment
// of a job says (FromEnv), lists of nodes (ParseNodes, FormatNodes), the sites
// that jobs run on (Site, data in sites/*.toml), and the script that a Job at a
// Site becomes (Render, templates/job.sbatch). Client runs the commands.
//
// A rendered script starts the ranks in the background and waits in a loop: only
// then does the batch shell see the signal that Slurm sends before the limit. It
// passes the signal to the ranks through Slurm (ending srun would kill them),
// and when they end with status 75, their state saved, it queues its own job
// again, a bounded number of times.
package slurm
