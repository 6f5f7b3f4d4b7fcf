// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// This file writes the event files of TensorBoard: records of the TFRecord
// format, each an Event message in the wire format of Protocol Buffers.
//
//	record   uint64 length · uint32 masked CRC of length · data · uint32 masked CRC of data, little-endian
//	Event    1 wall_time double · 2 step int64 · 3 file_version string · 5 summary Summary
//	Summary  1 value Value, repeated
//	Value    1 tag string · 2 simple_value float
//
// References: TensorFlow, tensorflow/core/lib/io/record_writer.h and
// tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto;
// Protocol Buffers, "Encoding".

// maskedCRC is the CRC-32C, rotated right by 15 bits, plus a constant, so that
// sums of data that contain sums stay sums.
func maskedCRC(data []byte) uint32 {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// record frames the data of one record.
func record(data []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	out = binary.LittleEndian.AppendUint32(out, maskedCRC(out))
	out = append(out, data...)
	return binary.LittleEndian.AppendUint32(out, maskedCRC(data))
}

// The wire types of Protocol Buffers.
const (
	wireVarint = 0
	wireFixed8 = 1
	wireBytes  = 2
	wireFixed4 = 5
)

func appendKey(out []byte, field, wire uint64) []byte {
	return binary.AppendUvarint(out, field<<3|wire)
}

func appendDouble(out []byte, field uint64, x float64) []byte {
	return binary.LittleEndian.AppendUint64(appendKey(out, field, wireFixed8), math.Float64bits(x))
}

func appendFloat(out []byte, field uint64, x float32) []byte {
	return binary.LittleEndian.AppendUint32(appendKey(out, field, wireFixed4), math.Float32bits(x))
}

func appendBytes(out []byte, field uint64, data []byte) []byte {
	out = binary.AppendUvarint(appendKey(out, field, wireBytes), uint64(len(data)))
	return append(out, data...)
}

// versionEvent is the first record of a file.
func versionEvent(time float64) []byte {
	return record(appendBytes(appendDouble(nil, 1, time), 3, []byte("brain.Event:2")))
}

// scalar is a curve's value at a step.
type scalar struct {
	tag   string
	value float64
}

// scalarEvent is the record of the values of some curves at one step.
func scalarEvent(time float64, step int64, values []scalar) []byte {
	var summary []byte
	for _, v := range values {
		summary = appendBytes(summary, 1, appendFloat(appendBytes(nil, 1, []byte(v.tag)), 2, float32(v.value)))
	}
	event := binary.AppendUvarint(appendKey(appendDouble(nil, 1, time), 2, wireVarint), uint64(step))
	return record(appendBytes(event, 5, summary))
}

// epochEvent is the record of an epoch.
func epochEvent(e Epoch) []byte {
	v := e.Validation
	return scalarEvent(e.Time, e.Step, []scalar{
		{"loss/train", e.Train.Loss}, {"loss/train_mse", e.Train.MSE}, {"loss/train_fourier", e.Train.Fourier},
		{"loss/validation", v.Loss}, {"loss/validation_mse", v.MSE}, {"loss/validation_fourier", v.Fourier},
		{"validation/maxrel_median_percent", v.MaxRel}, {"validation/zncc", v.ZNCC}, {"validation/ssim", v.SSIM},
		{"learning_rate", e.Rate}, {"samples_per_s", e.SamplesPerS},
	})
}
