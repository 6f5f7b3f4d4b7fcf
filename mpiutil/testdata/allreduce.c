/* SPDX-License-Identifier: BSD-3-Clause
 *
 * allreduce FLOATS...: the seconds of the fastest of some all-reduces of as many floats, in place, by the blocking call and by
 * the non-blocking one. BenchmarkAllreduce compares package mpiutil with it. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double fastest(float *x, int n, int later) {
  double best = 1e30;
  for (int k = 0; k < 8; k++) {
    MPI_Barrier(MPI_COMM_WORLD);
    double start = MPI_Wtime();
    if (later) {
      MPI_Request r;
      MPI_Iallreduce(MPI_IN_PLACE, x, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, &r);
      MPI_Wait(&r, MPI_STATUS_IGNORE);
    } else MPI_Allreduce(MPI_IN_PLACE, x, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    double took = MPI_Wtime() - start;
    if (took < best) best = took;
  }
  return best;
}

int main(int argc, char **argv) {
  int rank;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int i = 1; i < argc; i++) {
    int n = atoi(argv[i]);
    float *x = malloc((size_t)n * sizeof *x);
    if (!x) MPI_Abort(MPI_COMM_WORLD, 1);
    memset(x, 0, (size_t)n * sizeof *x);
    double blocking = fastest(x, n, 0), later = fastest(x, n, 1);
    if (rank == 0) printf("seconds %d %.9f %.9f\n", n, blocking, later);
    free(x);
  }
  MPI_Finalize();
  return 0;
}
