// SPDX-License-Identifier: BSD-3-Clause

//go:build golden

package ray

import "testing"

// The scalar formulas take seconds at 64³.
func TestGoldenPublishedFormulas(t *testing.T) { comparePublished(t, 64) }
