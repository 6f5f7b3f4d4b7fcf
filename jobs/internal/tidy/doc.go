// SPDX-License-Identifier: BSD-3-Clause

// Package tidy holds the rules of the repository as a test: who may import
// whom, doc comments, names, sizes, words and paths. It has no code of its own;
// go test ./jobs/internal/tidy applies the rules to every file that git tracks
// or would track, and shows for each rule that it catches an offender.
package tidy
