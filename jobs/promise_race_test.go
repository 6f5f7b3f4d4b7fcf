// SPDX-License-Identifier: BSD-3-Clause

//go:build race

package main

import "time"

// promise is longer under the race detector, which slows drawing and hashing down ten times and more.
const promise = 100 * time.Second
