// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/columen/columen/jobs/internal/run"
)

// classFile finds the file of a problem class: below the working directory, or
// beside the folder of the program, as in a checkout.
func classFile(class string) (string, error) {
	known := false
	for _, c := range [...]string{"S", "M", "L", "XL", "XXL"} {
		known = known || c == class
	}
	if !known {
		return "", &run.UsageError{Field: "--class", Value: strconv.Quote(class), Reason: "unknown problem class", Allowed: "S, M, L, XL, XXL"}
	}
	name := filepath.Join("configs", "blueprint", strings.ToLower(class)+".toml")
	folders := []string{"."}
	if program, err := os.Executable(); err == nil {
		folders = append(folders, filepath.Join(filepath.Dir(program), ".."))
	}
	for _, dir := range folders {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name), nil
		}
	}
	return "", &run.UsageError{Field: "--class", Value: strconv.Quote(class), Reason: "there is no " + name, Allowed: "a working directory with the configs of the repository; or columen scale FILE"}
}
