// SPDX-License-Identifier: BSD-3-Clause

// MPI as plain C functions. Handles and constants of MPI are macros of differing
// types between libraries, which cgo cannot see: each is named here only. Every
// function returns an MPI error code. Buffers are char *, not void *: cgo then
// knows that they hold no Go pointers and does not look for any.

#ifndef MPIUTIL_SHIM_H
#define MPIUTIL_SHIM_H

#include <mpi.h>
#include <signal.h>

// Same order as the kinds of number.go.
static inline MPI_Datatype mu_type(int kind) {
	switch (kind) {
	case 0: return MPI_FLOAT;
	case 1: return MPI_DOUBLE;
	case 2: return MPI_INT32_T;
	case 3: return MPI_INT64_T;
	default: return MPI_UINT8_T;
	}
}

// Same order as Op of number.go.
static inline MPI_Op mu_op(int op) {
	switch (op) {
	case 0: return MPI_SUM;
	case 1: return MPI_MIN;
	default: return MPI_MAX;
	}
}

static inline MPI_Comm mu_world(void) { return MPI_COMM_WORLD; }

// mu_init starts MPI. Some libraries install signal handlers while they start,
// which would take faults, termination and SIGUSR1 (MPICH) away from the Go runtime: the handlers
// found are put back. *already tells that MPI had been started or ended before.
static inline int mu_init(int *already, int *enough) {
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGINT, SIGUSR1};
	enum { count = sizeof signals / sizeof signals[0] };
	struct sigaction saved[count];
	int started = 0, ended = 0, provided = 0, rc;
	if ((rc = MPI_Initialized(&started)) || (rc = MPI_Finalized(&ended))) return rc;
	*already = started || ended;
	if (*already) return MPI_SUCCESS;
	for (int i = 0; i < count; i++) sigaction(signals[i], 0, &saved[i]);
	rc = MPI_Init_thread(0, 0, MPI_THREAD_FUNNELED, &provided);
	for (int i = 0; i < count; i++) sigaction(signals[i], &saved[i], 0);
	if (rc != MPI_SUCCESS) return rc;
	*enough = provided >= MPI_THREAD_FUNNELED;
	return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

// mu_got is the count of elements of a received message, -1 if it is no whole
// number of them.
static inline int mu_got(MPI_Status *status, int kind, int *got) {
	int rc = MPI_Get_count(status, mu_type(kind), got);
	if (rc == MPI_SUCCESS && *got == MPI_UNDEFINED) *got = -1;
	return rc;
}

static inline int mu_send(char *buf, int n, int kind, int dest, int tag, MPI_Comm c) {
	return MPI_Send(buf, n, mu_type(kind), dest, tag, c);
}

static inline int mu_recv(char *buf, int n, int kind, int src, int tag, MPI_Comm c, int *got) {
	MPI_Status status;
	int rc = MPI_Recv(buf, n, mu_type(kind), src, tag, c, &status);
	return rc != MPI_SUCCESS ? rc : mu_got(&status, kind, got);
}

static inline int mu_isend(char *buf, int n, int kind, int dest, int tag, MPI_Comm c, MPI_Request *r) {
	return MPI_Isend(buf, n, mu_type(kind), dest, tag, c, r);
}

static inline int mu_irecv(char *buf, int n, int kind, int src, int tag, MPI_Comm c, MPI_Request *r) {
	return MPI_Irecv(buf, n, mu_type(kind), src, tag, c, r);
}

static inline int mu_wait_send(MPI_Request *r) { return MPI_Wait(r, MPI_STATUS_IGNORE); }

static inline int mu_wait_recv(MPI_Request *r, int kind, int *got) {
	MPI_Status status;
	int rc = MPI_Wait(r, &status);
	return rc != MPI_SUCCESS ? rc : mu_got(&status, kind, got);
}

static inline int mu_bcast(char *buf, int n, int kind, int root, MPI_Comm c) {
	return MPI_Bcast(buf, n, mu_type(kind), root, c);
}

static inline int mu_allreduce(char *send, char *recv, int n, int kind, int op, MPI_Comm c) {
	return MPI_Allreduce(send == recv ? MPI_IN_PLACE : (void *)send, recv, n, mu_type(kind), mu_op(op), c);
}

static inline int mu_gatherv(char *send, int n, char *recv, int *counts, int *starts, int kind, int root, MPI_Comm c) {
	return MPI_Gatherv(send, n, mu_type(kind), recv, counts, starts, mu_type(kind), root, c);
}

static inline int mu_allgather(char *send, int n, char *recv, int kind, MPI_Comm c) {
	return MPI_Allgather(send, n, mu_type(kind), recv, n, mu_type(kind), c);
}

static inline int mu_iallreduce(char *buf, int n, int kind, int op, MPI_Comm c, MPI_Request *r) {
	return MPI_Iallreduce(MPI_IN_PLACE, buf, n, mu_type(kind), mu_op(op), c, r);
}

static inline int mu_alltoallv(char *send, int *counts, int *starts, char *recv, int *rcounts, int *rstarts, int kind, MPI_Comm c) {
	return MPI_Alltoallv(send, counts, starts, mu_type(kind), recv, rcounts, rstarts, mu_type(kind), c);
}

// mu_test sets *got of a received message only.
static inline int mu_test(MPI_Request *r, int kind, int *done, int is_recv, int *got) {
	MPI_Status status;
	int rc = MPI_Test(r, done, &status);
	return rc != MPI_SUCCESS || !*done || !is_recv ? rc : mu_got(&status, kind, got);
}

// mu_split sets *none where the rank takes no part.
static inline int mu_split(MPI_Comm c, int color, int key, MPI_Comm *sub, int *none) {
	int rc = MPI_Comm_split(c, color < 0 ? MPI_UNDEFINED : color, key, sub);
	*none = rc == MPI_SUCCESS && *sub == MPI_COMM_NULL;
	return rc;
}

static inline int mu_abort(int code) { return MPI_Abort(MPI_COMM_WORLD, code); }

enum { mu_version_max = MPI_MAX_LIBRARY_VERSION_STRING, mu_error_max = MPI_MAX_ERROR_STRING };

#endif
