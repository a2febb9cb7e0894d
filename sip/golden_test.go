package sip_test

import (
	"os"
	"strings"
	"testing"

	"selfpay/sip"
	"selfpay/sip/wire"
)

// TestFramesSeenOnARealServerReadAndWriteTheSameBytes goes both ways over the frames in testdata, by bytes and by type.
func TestFramesSeenOnARealServerReadAndWriteTheSameBytes(t *testing.T) {
	text, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	frames := 0
	for _, frame := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if strings.HasPrefix(frame, "#") {
			continue
		}
		frames++
		var format wire.Format
		m, err := format.Parse([]byte(frame))
		if err != nil || m.Checksum != wire.OK || len(m.Problems) > 0 {
			t.Errorf("%s: check sum %s, problems %v, %v", frame, m.Checksum, m.Problems, err)
			continue
		}
		typed, err := sip.Parse(m)
		if err != nil {
			t.Errorf("%s: %v", frame, err)
			continue
		}
		again, err := typed.Encode()
		if err != nil {
			t.Errorf("%s: %v", frame, err)
			continue
		}
		again.Sequence, again.Checksum = m.Sequence, m.Checksum
		for name, written := range map[string]wire.Message{"by bytes": m, "by type": again} {
			b, err := format.Encode(written)
			if got := strings.TrimRight(string(b), "\r\n"); err != nil || got != frame {
				t.Errorf("%s: %s it is written as %s, %v", frame, name, got, err)
			}
		}
	}
	if frames != 7 {
		t.Errorf("%d frames", frames)
	}
}
