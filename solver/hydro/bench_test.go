// SPDX-License-Identifier: BSD-3-Clause

package hydro

import "testing"

// BenchmarkReadLeaf reads and converts all leaves of a model of 14 MB.
func BenchmarkReadLeaf(b *testing.B) {
	s := openModel(b, mainModel)
	b.SetBytes(s.src.size)
	var leaf Leaf
	for b.Loop() {
		for i := range s.NumLeaves() {
			if err := s.ReadLeaf(i, &leaf); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkOpenAMRVAC reads and checks header and tree.
func BenchmarkOpenAMRVAC(b *testing.B) {
	for b.Loop() {
		s, err := OpenAMRVAC(mainModel, testUnits)
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkCellAverage maps 348,160 cells to 128³, reading included.
func BenchmarkCellAverage(b *testing.B) {
	s := openModel(b, mainModel)
	mesh := meshOf(s.Box(), 128, 128, 128)
	conv := Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4, VTurbMs: 150}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := CellAverage[float32](s, mesh, mesh.Full(), conv, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/348160, "ns/source-cell")
}
