// SPDX-License-Identifier: BSD-3-Clause

// Package inspect is the job that prints what a file holds.
//
//	$ columen inspect configs/models/agb_main.dat
package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/foreign"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/image"
	"github.com/columen/columen/solver/lamda"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "inspect",
		Short: "Print what a file holds",
		Long: `Inspect prints what a file that columen reads or writes holds: models (AMRVAC
snapshots, Phantom dumps, Magritte models), cubes (cube files, RADMC-3D grids
with what lies beside them, .npy and FITS arrays), image files (FITS, HDF5),
data sets and their statistics (HDF5), weights (safetensors, PyTorch .pth),
LAMDA line data, and anything in JSON, such as manifests. It looks at the
contents, not at the name.`,
		Example: "  columen inspect configs/models/agb_main.dat\n  columen inspect out/solve/agb.face-on.fits",
		ArgsUse: "FILE",
		NumArgs: 1,
		Run: func(_ context.Context, env *run.Env) error {
			if env.Comm.Rank() != 0 {
				return nil
			}
			return print(env.Stdout, env.Args[0])
		},
	}
}

// print finds out what the file is and describes it.
func print(w io.Writer, path string) error {
	head, err := firstBytes(path)
	if err != nil {
		return err
	}
	var lines []image.KeyValue
	switch {
	case bytes.HasPrefix(head, []byte("\x89HDF\r\n\x1a\n")):
		lines, err = describeHDF5(path)
	case bytes.HasPrefix(head, []byte("SIMPLE  =")):
		lines, err = describeFITS(path)
	case bytes.HasPrefix(head, []byte("\x93NUMPY")):
		lines, err = describeArray(path)
	case hydro.IsPhantom(head):
		lines, err = describePhantom(path)
	case foreign.IsAMRGrid(head):
		lines, err = describeRADMC3D(path)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		lines, err = describeWeights(path, checkpoint.OpenTorch)
	case len(head) > 8 && head[8] == '{':
		lines, err = describeWeights(path, checkpoint.Open)
	case bytes.HasPrefix(head, []byte("!")):
		lines, err = describeLines(path)
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")):
		return copyTo(w, path)
	case bytes.HasPrefix(head, []byte("\x89PNG")):
		return fmt.Errorf("%s: a picture: look at it; its numbers are in the FITS and HDF5 files beside it", path)
	default:
		lines, err = describeSnapshot(path)
	}
	if err != nil {
		return err
	}
	width := 0
	for _, l := range lines {
		width = max(width, len([]rune(l.Key)))
	}
	for _, l := range lines {
		pad := width - len([]rune(l.Key))
		fmt.Fprintf(w, "%s%*s  %s\n", l.Key, pad, "", l.Value)
	}
	return nil
}

func firstBytes(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: allowed: a file that columen reads or writes", path, errors.Unwrap(err))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: a directory or special file: allowed: a file that columen reads or writes", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: allowed: a readable file", path, errors.Unwrap(err))
	}
	defer f.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	if n == 0 {
		return nil, fmt.Errorf("%s: empty or not readable: %v: want a file of columen", filepath.Clean(path), err)
	}
	return head[:n], nil
}

func copyTo(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// describeHDF5 lists the parts of data sets, and describes files with a schema; a file that is nothing of this gets the reasons.
func describeHDF5(path string) ([]image.KeyValue, error) {
	data, err := isDataSet(path)
	if err != nil {
		return nil, err
	}
	if data {
		return listHDF5(path)
	}
	magritte, err := isMagritte(path)
	if err != nil {
		return nil, err
	}
	if magritte {
		return describeMagritte(path)
	}
	lines, imageErr := image.DescribeHDF5(path)
	if imageErr == nil {
		return lines, nil
	}
	cube, cubeErr := cubefile.Describe(path)
	if cubeErr != nil {
		return nil, fmt.Errorf("no image file: %w; and no cube file: %w", imageErr, cubeErr)
	}
	for _, kv := range cube {
		lines = append(lines, image.KeyValue(kv))
	}
	return lines, nil
}

func describeSnapshot(path string) ([]image.KeyValue, error) {
	h, err := hydro.ReadAMRVACHeader(path)
	if err != nil {
		return nil, fmt.Errorf("no HDF5, FITS, NumPy, LAMDA or manifest file, no Phantom dump, no grid of RADMC-3D, and not an AMRVAC snapshot: %w", err)
	}
	var lines []image.KeyValue
	for _, l := range h.Describe() {
		lines = append(lines, image.KeyValue(l))
	}
	return lines, nil
}

func describeLines(path string) ([]image.KeyValue, error) {
	m, err := lamda.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := []image.KeyValue{{Key: "molecule", Value: m.Name}, {Key: "mass", Value: fmt.Sprintf("%g u", m.MassAMU)},
		{Key: "levels", Value: fmt.Sprint(len(m.Levels))}, {Key: "transitions", Value: fmt.Sprint(len(m.Lines))}}
	for _, p := range m.Partners {
		lines = append(lines, image.KeyValue{Key: "collisions", Value: fmt.Sprintf("%s, %d transitions, %d temperatures", p.Name, len(p.Rates), len(p.Temperatures))})
	}
	for i, l := range m.Lines {
		lines = append(lines, image.KeyValue{Key: fmt.Sprintf("transition %d", i+1), Value: fmt.Sprintf("%s  %.7f GHz  A = %.4g s⁻¹", m.LineLabel(i), l.FrequencyGHz, l.EinsteinA)})
	}
	return lines, nil
}
