package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"

	"selfpay/kiosk/health"
)

// The tone of the self-test: one second of A, at a fifth of what a card can do, since somebody may have the headset on.
const (
	toneRate   = 16000 // samples a second
	tonePitch  = 440   // Hz
	toneLevel  = math.MaxInt16 / 5
	toneLength = toneRate
)

// tone is it as a WAV file: one channel of 16 bits (Multimedia Programming Interface and Data Specifications 1.0, 1991, chapter 3).
func tone() []byte {
	samples := make([]int16, toneLength)
	for i := range samples {
		samples[i] = int16(toneLevel * math.Sin(2*math.Pi*tonePitch*float64(i)/toneRate))
	}
	const sampleSize, header = 2, 36
	var wav bytes.Buffer
	for _, part := range []any{[]byte("RIFF"), uint32(header + sampleSize*toneLength), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1),
		uint32(toneRate), uint32(sampleSize * toneRate), uint16(sampleSize), uint16(8 * sampleSize), []byte("data"), uint32(sampleSize * toneLength), samples} {
		_ = binary.Write(&wav, binary.LittleEndian, part) // a buffer takes everything
	}
	return wav.Bytes()
}

// headset plays a tone, on a machine that has a sound card.
func (s *selfTest) headset(ctx context.Context, at person, cards string) {
	found, err := os.ReadFile(cards)
	if err != nil || !strings.Contains(string(found), "]:") { // "--- no soundcards ---"
		return
	}
	f := finding{"headset", health.Pass, "a tone was heard", "is it plugged in? alsamixer says whether the card is mute, aplay -l which there are"}
	var said bytes.Buffer
	play := exec.CommandContext(ctx, "aplay", "--quiet", "-")
	play.Stdin, play.Stderr = bytes.NewReader(tone()), &said
	err = play.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		f.Status, f.Found, f.Fix = health.Warn, "a sound card is there, and nothing to play a tone with", "apt install alsa-utils"
	case err != nil:
		f.Status, f.Found = health.Fail, fmt.Sprintf("no tone could be played: %v: %s", err, strings.TrimSpace(said.String()))
	case !at.agrees(ctx, "Did the headset sound for a second? [y/N] "):
		f.Status, f.Found = health.Fail, "no tone was heard"
	}
	s.found(f)
}
