// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The first record of a file at time 0 and a scalar at step 300, byte by byte.
// The length record of 24 bytes and its checksum a37f4b22 begin every event
// file of TensorFlow.
func TestEventBytes(t *testing.T) {
	got := hex.EncodeToString(versionEvent(0))
	for _, want := range []string{
		"1800000000000000a37f4b22",       // length, masked CRC
		"090000000000000000",             // 1: wall_time = 0
		"1a0d627261696e2e4576656e743a32", // 3: "brain.Event:2"
	} {
		if !strings.Contains(got, want) {
			t.Errorf("version record %s lacks %s", got, want)
		}
	}
	if len(got) != 2*(8+4+24+4) {
		t.Errorf("version record of %d bytes", len(got)/2)
	}
	got = hex.EncodeToString(scalarEvent(1.5, 300, []scalar{{"loss", 0.25}}))
	body := "09000000000000f83f" + // 1: wall_time = 1.5
		"10ac02" + // 2: step = 300
		"2a0d" + // 5: summary of 13 bytes
		"0a0b" + // 1: value of 11 bytes
		"0a046c6f7373" + // 1: tag "loss"
		"150000803e" // 2: simple_value = 0.25
	if !strings.HasPrefix(got, "1b00000000000000") || !strings.Contains(got, body) || len(got) != 2*16+len(body) {
		t.Errorf("scalar record %s, want the body %s", got, body)
	}
}

// maskedCRC of the check value of CRC-32C: e3069283 rotated right by 15 bits is
// 2507c60d, plus a282ead8.
func TestMaskedCRC(t *testing.T) {
	if got := maskedCRC([]byte("123456789")); got != 0xc78ab0e5 {
		t.Errorf("masked CRC %08x", got)
	}
}
