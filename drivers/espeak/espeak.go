// Package espeak speaks with eSpeak NG: the program makes sound of text, and ALSA's aplay plays it on one sound card. Both are started
// for each utterance, without a shell; the text goes through standard input. They are killed when the utterance is interrupted, so that
// nothing is heard any more at once: aplay's end takes what the card still holds.
//
// Facts: espeak-ng(1) of 1.51 (Debian 12); aplay(1) of alsa-utils 1.2.8. Of the languages of this kiosk all have a voice there;
// Chinese is cmn.
package espeak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/speech"
)

// Speaker speaks on one sound card.
type Speaker struct {
	output string
	turn   chan struct{} // holds one while somebody speaks
}

var _ speech.Speaker = (*Speaker)(nil)

// New makes a speaker on a device of ALSA, such as "plughw:CARD=Headset". It starts nothing.
func New(output string) *Speaker { return &Speaker{output: output, turn: make(chan struct{}, 1)} }

// String names the speaker for staff.
func (s *Speaker) String() string { return "eSpeak NG on " + s.output }

const (
	synthesizer = "espeak-ng"
	player      = "aplay"
	pace        = 150 // words a minute
	amplitude   = 10  // for each step of the volume; from 100 on espeak-ng cuts its loudest sounds off

	// An utterance may last so long; a card that takes no sound ends then.
	longestStart = 10 * time.Second
	longestSign  = 500 * time.Millisecond // a character; Chinese ones are words
)

// voices are those that have another name than the language.
var voices = map[string]string{"zh": "cmn", "fr": "fr-fr", "en": "en-gb"}

func voiceOf(language string) string {
	if v, other := voices[language]; other {
		return v
	}
	return language
}

// Speak says something, as the contract says.
func (s *Speaker) Speak(ctx context.Context, u speech.Utterance) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	text := speakable(u.Text)
	most, cancel := context.WithTimeout(ctx, longestStart+time.Duration(len([]rune(text)))*longestSign)
	defer cancel()
	err := s.play(most, text, u)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case most.Err() != nil:
		return fmt.Errorf("espeak: speak: %w: the sound card %s takes no sound", device.ErrAttention, s.output)
	}
	return err
}

func (s *Speaker) play(ctx context.Context, text string, u speech.Utterance) error {
	volume := min(max(u.Volume, 1), speech.MostVolume) * amplitude
	speak := exec.CommandContext(ctx, synthesizer, "-v", voiceOf(u.Language), "-b", "1", "-s", strconv.Itoa(pace), "-a", strconv.Itoa(volume), "--stdin", "--stdout")
	play := exec.CommandContext(ctx, player, "--quiet", "-D", s.output, "-")
	sound, into, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("espeak: speak: %w", err)
	}
	var speakSaid, playSaid complaint
	speak.Stdin, speak.Stdout, speak.Stderr = strings.NewReader(text), into, &speakSaid
	play.Stdin, play.Stderr = sound, &playSaid
	speak.WaitDelay, play.WaitDelay = time.Second, time.Second
	begun := errors.Join(start(play, "alsa-utils"), start(speak, synthesizer))
	sound.Close()
	into.Close()
	if begun != nil {
		for _, c := range []*exec.Cmd{speak, play} {
			if c.Process != nil {
				c.Process.Kill()
				c.Wait()
			}
		}
		return fmt.Errorf("espeak: speak: %w: %w", device.ErrAttention, begun)
	}
	spoken, played := speak.Wait(), play.Wait()
	switch {
	case speak.ProcessState.ExitCode() > 0: // else it was ended by a player that takes nothing
		return fmt.Errorf("espeak: %s says nothing: %w: %w: %s", synthesizer, device.ErrAttention, spoken, speakSaid.String())
	case played != nil:
		return fmt.Errorf("espeak: the sound card %s plays nothing: %w: %w: %s", s.output, device.ErrAttention, played, playSaid.String())
	}
	return nil
}

// start starts a program, or says how to install it.
func start(c *exec.Cmd, pack string) error {
	err := c.Start()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%s is not installed: apt install %s", c.Args[0], pack)
	}
	return err
}

// speakable is a text without the signs that espeak-ng takes for something else than text, and of bounded length.
func speakable(text string) string {
	kept := []rune(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "[[", " ")) // begins phonemes
	return string(kept[:min(len(kept), speech.MaxText)])
}

// complaint keeps the beginning of what a program complains of.
type complaint struct{ bytes.Buffer }

const longestComplaint = 300

func (c *complaint) Write(p []byte) (int, error) {
	c.Buffer.Write(p[:min(len(p), longestComplaint-min(c.Len(), longestComplaint))])
	return len(p), nil
}

func (c *complaint) String() string { return strings.Join(strings.Fields(c.Buffer.String()), " ") }

// lookPatience is how long espeak-ng may take to list its voices.
const lookPatience = 30 * time.Second

// Look says what is missing: a program, or a voice.
func (s *Speaker) Look(ctx context.Context, languages []string) error {
	if _, err := exec.LookPath(player); err != nil {
		return fmt.Errorf("%w: %s is not installed: apt install alsa-utils", device.ErrAttention, player)
	}
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	list, err := exec.CommandContext(ctx, synthesizer, "--voices").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: %s is not installed: apt install %s", device.ErrAttention, synthesizer, synthesizer)
	}
	if err != nil {
		return fmt.Errorf("%w: %s lists no voices: %w", device.ErrAttention, synthesizer, err)
	}
	known := map[string]bool{}
	for _, line := range strings.Split(string(list), "\n") {
		if columns := strings.Fields(line); len(columns) > 1 {
			known[columns[1]] = true
		}
	}
	var silent []string
	for _, l := range languages {
		if !known[voiceOf(l)] {
			silent = append(silent, l)
		}
	}
	if len(silent) > 0 {
		return fmt.Errorf("%w: %s has no voice for %s: apt install espeak-ng-data", device.ErrAttention, synthesizer, strings.Join(silent, ", "))
	}
	return nil
}
