package espeak

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/speech"
	"selfpay/kiosk/text"
)

// rate is that of espeak-ng's sound, in samples of 16 bits a second.
const rate = 22050

// fakePlayer puts a program in aplay's place, which keeps what it is to play, and returns the file.
func fakePlayer(t *testing.T, script string) string {
	t.Helper()
	if _, err := exec.LookPath(synthesizer); err != nil {
		t.Fatalf("%s is missing; install it with: make deps", synthesizer)
	}
	dir := t.TempDir()
	played := filepath.Join(dir, "played.wav")
	if err := os.WriteFile(filepath.Join(dir, player), []byte("#!/bin/sh\n"+strings.ReplaceAll(script, "FILE", played)+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return played
}

// heard is the sound that was played: its length in seconds and its loudest sample.
func heard(t *testing.T, file string) (seconds float64, loudest int) {
	t.Helper()
	wav, err := os.ReadFile(file)
	if err != nil || len(wav) < 44 || string(wav[:4]) != "RIFF" {
		t.Fatalf("no sound in %d bytes: %v", len(wav), err)
	}
	samples := wav[44:]
	for i := 0; i+1 < len(samples); i += 2 {
		sample := int(int16(binary.LittleEndian.Uint16(samples[i:])))
		loudest = max(loudest, sample, -sample)
	}
	return float64(len(samples)/2) / rate, loudest
}

func TestEveryLanguageIsHeard(t *testing.T) {
	played := fakePlayer(t, "cat >FILE")
	texts, err := text.New(text.Known)
	if err != nil {
		t.Fatal(err)
	}
	s := New("default")
	if err := s.Look(t.Context(), text.Known); err != nil {
		t.Fatal(err)
	}
	for _, lang := range text.Known {
		said := texts.Say(lang, "ready-title", nil)
		if err := s.Speak(t.Context(), speech.Utterance{Language: lang, Text: said, Volume: 6}); err != nil {
			t.Errorf("%s: %v", lang, err)
			continue
		}
		if seconds, loudest := heard(t, played); seconds < 0.5 || seconds > 10 || loudest < 2000 {
			t.Errorf("%s: %q lasts %.1f s, loudest %d", lang, said, seconds, loudest)
		}
	}
}

func TestLouderIsLouder(t *testing.T) {
	played := fakePlayer(t, "cat >FILE")
	last := 0
	for _, volume := range []int{1, 5, speech.MostVolume} {
		if err := New("default").Speak(t.Context(), speech.Utterance{Language: "en", Text: "one two three", Volume: volume}); err != nil {
			t.Fatal(err)
		}
		_, loudest := heard(t, played)
		if loudest < last*3/2 {
			t.Errorf("volume %d: loudest %d, before %d", volume, loudest, last)
		}
		last = loudest
	}
}

// TestAnInterruptedVoiceIsKilledAtOnce: the player would go on for an hour.
func TestAnInterruptedVoiceIsKilledAtOnce(t *testing.T) {
	played := fakePlayer(t, `echo $$ >FILE.part; mv FILE.part FILE; exec sleep 3600`)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- New("default").Speak(ctx, speech.Utterance{Language: "en", Text: strings.Repeat("a long story ", 200), Volume: 5})
	}()
	var process []byte
	for end := time.Now().Add(time.Minute); len(process) == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		process, _ = os.ReadFile(played)
	}
	stop()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Speak = %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it still speaks")
	}
	if _, err := os.Stat("/proc/" + strings.TrimSpace(string(process))); err == nil || len(process) == 0 {
		t.Errorf("the player %q still runs", process)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	say := func() error {
		return New("plughw:CARD=None").Speak(t.Context(), speech.Utterance{Language: "en", Text: "one", Volume: 5})
	}
	fakePlayer(t, `echo "audio open error: No such file or directory" >&2; exit 1`)
	if err := say(); !errors.Is(err, device.ErrAttention) || !strings.Contains(err.Error(), "plughw:CARD=None plays nothing") || !strings.Contains(err.Error(), "audio open error") {
		t.Errorf("without the card: %v", err)
	}
	if err := New("default").Look(t.Context(), []string{"en", "tlh"}); err == nil || !strings.Contains(err.Error(), "no voice for tlh") {
		t.Errorf("without a voice: %v", err)
	}
	empty := t.TempDir()
	t.Setenv("PATH", empty)
	for what, err := range map[string]error{"Speak": say(), "Look": New("default").Look(t.Context(), nil)} {
		if !errors.Is(err, device.ErrAttention) || !strings.Contains(err.Error(), "apt install alsa-utils") {
			t.Errorf("without programs %s = %v", what, err)
		}
	}
}

func TestHostileTextIsOnlyText(t *testing.T) {
	played := fakePlayer(t, "cat >FILE")
	for _, said := range []string{"--help", "[[h@l'oU]] $(reboot) `id`", "<speak><break time='1h'/></speak>", "\xff\xfe", strings.Repeat("x ", 3*speech.MaxText)} {
		if err := New("default").Speak(t.Context(), speech.Utterance{Language: "en", Text: said, Volume: 5}); err != nil {
			t.Errorf("%.30q: %v", said, err)
		}
	}
	if seconds, _ := heard(t, played); seconds > speech.MaxText {
		t.Errorf("a text without end lasts %.0f s", seconds)
	}
	if got := len([]rune(speakable(strings.Repeat("ü", 2*speech.MaxText)))); got != speech.MaxText {
		t.Errorf("%d characters are said", got)
	}
}
