// SPDX-License-Identifier: BSD-3-Clause

//go:build !cgo

package cpu

// Variants names the kernels that this build can run: without cgo only the scalar ones.
func Variants() []string { return []string{"scalar"} }

func backendOf(variant string) (backend, error) {
	if variant == "scalar" {
		return scalar{}, nil
	}
	return nil, unknownVariant(variant)
}
