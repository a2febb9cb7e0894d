package zvt_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/decode"
)

// published is one frame of testdata/frames.json.
type published struct {
	ID        string `json:"id"`
	Transport string `json:"transport"`
	Hex       string `json:"hex"`
	Malformed bool   `json:"malformed"`
}

// dialogues are the recorded exchanges of the same file.
type dialogues []struct {
	Name   string `json:"name"`
	Frames []struct {
		Hex string `json:"hex"`
	} `json:"frames"`
}

func publishedFrames(t testing.TB) ([]published, dialogues) {
	t.Helper()
	raw, err := os.ReadFile("testdata/frames.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors   []published `json:"vectors"`
		Dialogues dialogues   `json:"dialogues"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	return file.Vectors, file.Dialogues
}

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// notTheSame are the well-formed frames that are written in other bytes than they were read from, and why.
var notTheSame = map[string]string{
	"zvt-023": "it is about the length: FF 01 00 for one byte is allowed, ours is 01; its one byte is no bitmap",
}

// TestPublishedFramesAreWrittenAsTheyWereRead goes both ways: each frame is taken apart to its last field and object, and put together
// again from these alone.
func TestPublishedFramesAreWrittenAsTheyWereRead(t *testing.T) {
	frames, _ := publishedFrames(t)
	same, malformed, others := 0, 0, 0
	for _, f := range frames {
		raw := fromHex(t, f.Hex)
		written, err := again(raw, f.Transport == "serial")
		reason, excused := notTheSame[f.ID]
		switch {
		case f.Malformed:
			malformed++
			if err == nil || len(shown(raw, f.Transport == "serial").Problems) == 0 {
				t.Errorf("%s is malformed: read with %v, shown with %q", f.ID, err, shown(raw, false).Problems)
			}
		case bytes.Equal(written, raw) && excused:
			t.Errorf("%s comes out the same; it needs no reason any more: %s", f.ID, reason)
		case bytes.Equal(written, raw):
			same++
		case excused:
			others++
		default:
			t.Errorf("%s: read from %X, written as %X, %v", f.ID, raw, written, err)
		}
	}
	t.Logf("%d frames read: %d written back as the same bytes, %d malformed and reported, %d written in other bytes for a reason",
		len(frames), same, malformed, others)
	if same+malformed+others != len(frames) || others != len(notTheSame) || len(frames) != 117 {
		t.Errorf("%d + %d + %d of %d frames, %d reasons", same, malformed, others, len(frames), len(notTheSame))
	}
}

func TestFramesOfPublishedDialoguesAreWrittenAsTheyWereRead(t *testing.T) {
	_, all := publishedFrames(t)
	n := 0
	for _, d := range all {
		for i, f := range d.Frames {
			n++
			raw := fromHex(t, f.Hex)
			if written, err := again(raw, false); err != nil || !bytes.Equal(written, raw) {
				t.Errorf("%s, frame %d: read from %X, written as %X, %v", d.Name, i, raw, written, err)
			}
		}
	}
	t.Logf("%d frames of %d dialogues", n, len(all))
}

func shown(raw []byte, serial bool) decode.Document {
	if serial {
		return decode.Block(raw)
	}
	return decode.APDU(raw)
}

// again reads one frame and writes it from what was read. The error says what cannot be read.
func again(raw []byte, serial bool) ([]byte, error) {
	if !serial {
		return messageAgain(raw)
	}
	var r zvt.BlockReader
	last := zvt.BlockNothing
	for _, b := range raw {
		last = r.Feed(b)
	}
	if last != zvt.BlockWhole || r.Noise > 0 {
		return nil, fmt.Errorf("block event %d, %d stray bytes", last, r.Noise)
	}
	message, err := messageAgain(r.APDU())
	if err != nil {
		return nil, err
	}
	return zvt.EncodeBlock(message), nil
}

func messageAgain(raw []byte) ([]byte, error) {
	a, rest, err := zvt.ParseAPDU(raw)
	if err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes are left: %w", len(rest), err)
	}
	m := zvt.ReadMessage(a)
	if m.Err != nil {
		return nil, m.Err
	}
	return m.APDU().Bytes(), nil
}

// TestPasswordsOfPublishedFramesAreNotShown: with another password in it, a frame is shown exactly as before.
func TestPasswordsOfPublishedFramesAreNotShown(t *testing.T) {
	frames, _ := publishedFrames(t)
	var with []string
	for _, f := range frames {
		serial := f.Transport == "serial"
		message := fromHex(t, f.Hex)
		if serial {
			var r zvt.BlockReader
			for _, b := range message {
				r.Feed(b)
			}
			message = slices.Clone(r.APDU())
		}
		a, _, err := zvt.ParseAPDU(message)
		if err != nil || zvt.ReadMessage(a).Password == nil {
			continue
		}
		with = append(with, f.ID)
		copy(zvt.ReadMessage(a).Password, "\x98\x76\x54")
		other := a.Bytes()
		if serial {
			other = zvt.EncodeBlock(other)
		}
		before, err1 := json.Marshal(shown(fromHex(t, f.Hex), serial))
		after, err2 := json.Marshal(shown(other, serial))
		if err1 != nil || err2 != nil || !bytes.Equal(before, after) || bytes.Contains(after, []byte("987654")) {
			t.Errorf("%s is shown as %s, with another password as %s", f.ID, before, after)
		}
	}
	t.Logf("%d frames with a password: %q", len(with), with)
	if len(with) < 10 {
		t.Errorf("only %d frames have a password", len(with))
	}
}
