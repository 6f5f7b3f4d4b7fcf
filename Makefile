# SPDX-License-Identifier: BSD-3-Clause
# make run and make test do all set-up. make help lists the targets.

SHELL    := /bin/bash
MPIRUN   ?= mpirun
RANKS    ?= 2
FUZZTIME ?= 5s
GOLDEN   ?= ../shared/golden/coemunet
BENCH    ?= .

# The build tags depend on the MPI found, which setup may have just installed:
# expanded when a recipe runs.
TAGS       = $(shell .ci/setup tags)
TAGS_COMMA = $(subst $(eval) ,$(shell printf ,),$(TAGS))

# Folders with tests that run on ranks.
MPI_PKGS  ?= $(shell grep -rlE --include='*_test.go' '^func Test[A-Za-z0-9_]*UnderMPI' . | xargs -r -n1 dirname | sort -u)
MPI_RANKS ?= 1 2 3 4
MPICH     ?= yes

# A checkout that git does not trust, as in some containers, has no version.
BUILDVCS = $(shell git status >/dev/null 2>&1 && echo auto || echo false)

# Open MPI: containers run as root, ranks may outnumber cores, and a rank uses
# several cores, which binding it to one would forbid. Other MPIs ignore these.
# OMPI_ is read by Open MPI 4, PRTE_ by Open MPI 5.
export OMPI_ALLOW_RUN_AS_ROOT = 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = 1
export OMPI_MCA_rmaps_base_oversubscribe = 1
export OMPI_MCA_hwloc_base_binding_policy = none
export PRTE_MCA_rmaps_default_mapping_policy = :oversubscribe
export PRTE_MCA_hwloc_default_binding_policy = none

CI_STAGES = setup test vet staticcheck tidy race mpi slurm fuzz golden browser bench-once

.PHONY: browser scale scale-shot help setup setup-mpich build build-static run test vet staticcheck tidy race mpi slurm fuzz golden golden-found bench bench-once ci nightly clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: ## check for Go, gcc, MPI and HDF5; install them on Debian as root
	@.ci/setup

setup-mpich: setup
	@.ci/setup mpich

run: build ## image the example model on two ranks
	$(MPIRUN) -n $(RANKS) bin/columen solve configs/solve.toml --overwrite
	@echo; echo "The images (FITS for DS9, CARTA, astropy; PNG to look at):"; ls -1 out/solve/*.fits out/solve/*.png

# A study that was begun by another commit is refused: SCALE_FLAGS=--overwrite begins anew.
scale: build ## measure the scaling of solver, training and inference, and make the page of it
	bin/columen generate configs/generate-scale.toml
	bin/columen train configs/train-scale.toml --set run.epochs=10 $(SCALE_FLAGS)
	bin/columen scale configs/scale-strong.toml $(SCALE_FLAGS)
	bin/columen scale configs/scale-train.toml $(SCALE_FLAGS)
	bin/columen scale configs/scale-emulate.toml $(SCALE_FLAGS)
	bin/columen evaluate configs/evaluate-scale.toml $(SCALE_FLAGS)
	bin/columen report out/scale/strong.jsonl out/scale/train.jsonl out/scale/emulate.jsonl out/scale/winds.evaluation.json

scale-shot: ## docs/images/scaling.png: the top of the page of make scale, in headless Chromium
	.ci/browser shot out/scale/strong.html docs/images/scaling.png

build: setup ## bin/columen with MPI and HDF5
	go build -buildvcs=$(BUILDVCS) -tags "$(TAGS)" -o bin/columen ./jobs

# Without tags neither MPI nor HDF5 is linked. The C kernels stay, so that the
# binary is as fast; libc is linked statically, so that it runs on any Linux.
build-static: ## bin/columen-static: one rank, no MPI, no HDF5, no shared library
	CGO_ENABLED=1 go build -buildvcs=$(BUILDVCS) -tags "netgo osusergo" -ldflags '-linkmode external -extldflags "-static"' -o bin/columen-static ./jobs
	@if ldd bin/columen-static >/dev/null 2>&1; then echo "bin/columen-static needs shared libraries:"; ldd bin/columen-static; exit 1; fi

test: setup ## all tests, with MPI and HDF5
	go test -tags "$(TAGS)" ./...

vet: setup ## go vet and gofmt, with and without tags
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags "$(TAGS)" ./...
	CGO_ENABLED=0 go vet ./...

staticcheck: setup ## staticcheck, with and without tags
	go tool staticcheck ./...
	go tool staticcheck -tags "$(TAGS_COMMA)" ./...

tidy: ## import graph, doc comments, names, sizes, words, paths
	go test -count=1 ./jobs/internal/tidy

race: ## all tests without tags under the race detector, fewer meshes of ranks
	go test -race -short ./...

mpi: setup-mpich-if-wanted ## the tests on real ranks: Open MPI with 1 to 4, MPICH with 2
	.ci/mpi "$(MPIRUN)" "$(TAGS)" "$(MPI_RANKS)" $(MPI_PKGS)
	$(if $(filter yes,$(MPICH)),.ci/mpi mpirun.mpich "mpi mpich hdf5" 2 $(MPI_PKGS))

.PHONY: setup-mpich-if-wanted
setup-mpich-if-wanted: $(if $(filter yes,$(MPICH)),setup-mpich,setup)

# A Slurm for tests has Open MPI; its virtual nodes share the machine.
slurm: build ## jobs in a real Slurm of two virtual nodes; root on Debian
	.ci/slurm

fuzz: ## every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

golden: setup golden-found ## the comparisons with golden data that take longer
	@[ -d "$(GOLDEN)" ] || echo "the reference data of grid 64 are not in $(GOLDEN): left out (GOLDEN=folder names another place)"
	COLUMEN_GOLDEN=$(abspath $(GOLDEN)) go test -tags "golden $(if $(wildcard $(GOLDEN)),golden64) $(TAGS)" -run Golden ./...

golden-found:
	@grep -rqE --include='*_test.go' '^func Test[A-Za-z0-9_]*Golden' . || { echo "no test named ...Golden... found"; exit 1; }

browser: setup ## the page of columen report, rendered in headless Chromium
	.ci/browser

bench: setup ## every benchmark
	go test -tags "$(TAGS)" -run '^$$' -bench '$(BENCH)' ./...

bench-once: setup
	go test -tags "$(TAGS)" -run '^$$' -bench . -benchtime 1x ./...

ci: ## all checks, with the time of each stage
	@.ci/stages $(CI_STAGES)

nightly: ## the long forms of the checks
	@COLUMEN_KILLS=20 FUZZTIME=5m MPI_RANKS="1 2 3 4 6 8" .ci/stages $(CI_STAGES) build-static race-tags bench

.PHONY: race-tags
race-tags: setup
	go test -race -tags "$(TAGS)" ./...

clean: ## remove what was built and written
	rm -rf bin out
