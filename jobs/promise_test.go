// SPDX-License-Identifier: BSD-3-Clause

//go:build !race

package main

import "time"

// promise is how long a call with bad input may take, on all ranks.
const promise = 10 * time.Second
