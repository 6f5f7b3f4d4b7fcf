// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"fmt"
	"math"
)

// Describe returns what the image holds as keys and values in reading order:
// names, view, sizes, axes, ranges and statistics, then the provenance.
func (im *Image) Describe() ([]KeyValue, error) {
	if err := im.Validate(); err != nil {
		return nil, err
	}
	n := len(im.FrequenciesHz)
	v := im.VelocitiesMS()
	spacing := "equidistant"
	if !im.Equidistant() {
		spacing = "not equidistant"
	}
	half := [2]float64{im.PixelSizeM[0] * float64(im.NX) / 2, im.PixelSizeM[1] * float64(im.NY) / 2}
	extent := func(a int) string {
		return fmt.Sprintf("%.6g to %.6g au", (im.OriginM[a]-half[a])/auM, (im.OriginM[a]+half[a])/auM)
	}
	return append([]KeyValue{
		{"model", im.ModelName},
		{"line", im.LineName()},
		{"view", fmt.Sprintf("%s (right %s, up %s, towards observer %s)", im.ViewName, im.AxisX, im.AxisY, im.AxisLOS)},
		{"shape [ν, y, x]", fmt.Sprintf("%d × %d × %d", n, im.NY, im.NX)},
		{"rest frequency", fmt.Sprintf("%.9g Hz", im.RestFrequencyHz)},
		{"frequencies", fmt.Sprintf("%.9g to %.9g Hz, %s", im.FrequenciesHz[0], im.FrequenciesHz[n-1], spacing)},
		{"velocities", fmt.Sprintf("%.6g to %.6g km/s", v[0]/1e3, v[n-1]/1e3)},
		{"pixel", fmt.Sprintf("%.6g × %.6g au", im.PixelSizeM[0]/auM, im.PixelSizeM[1]/auM)},
		{"x", extent(0)},
		{"y", extent(1)},
		{"I [" + siUnit + "]", statistics(im.Intensity)},
		{"background [" + siUnit + "]", statistics(im.BackgroundSI)},
	}, im.Provenance...), nil
}

// statistics returns minimum, maximum and mean of the finite elements and how
// many are not finite.
func statistics(a []float64) string {
	lo, hi, sum, odd := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, v := range a {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			odd++
			continue
		}
		lo, hi, sum = math.Min(lo, v), math.Max(hi, v), sum+v
	}
	if odd == len(a) {
		return "no finite value"
	}
	return fmt.Sprintf("min %.6g, max %.6g, mean %.6g, %d non-finite", lo, hi, sum/float64(len(a)-odd), odd)
}

// DescribeFITS describes a file of WriteFITS, with the unit and axes it uses.
func DescribeFITS(path string) ([]KeyValue, error) {
	im, info, err := ReadFITS(path)
	if err != nil {
		return nil, err
	}
	kv, err := im.Describe()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	head := []KeyValue{
		{"format", fmt.Sprintf("FITS, %s, %d bits, unit %s", fitsSchema, info.Precision, info.Unit.fits())},
		{"axes", fmt.Sprintf("%s, %s, %s", info.CTypes[0], info.CTypes[1], info.CTypes[2])},
	}
	if info.DistancePc > 0 {
		head = append(head, KeyValue{"distance", fmt.Sprintf("%g pc", info.DistancePc)})
	}
	return append(head, kv...), nil
}

// DescribeHDF5 describes a file of WriteHDF5.
func DescribeHDF5(path string) ([]KeyValue, error) {
	im, err := ReadHDF5(path)
	if err != nil {
		return nil, err
	}
	kv, err := im.Describe()
	if err != nil {
		return nil, fmt.Errorf("image file %s: %w", path, err)
	}
	return append([]KeyValue{{"format", "HDF5, " + Schema}}, kv...), nil
}
