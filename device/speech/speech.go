// Package speech is the contract of the voice in a patron's headset, and of the socket the headset is plugged into.
package speech

import "context"

// Speaker is the voice. What it says is heard in the headset only.
type Speaker interface {
	// Speak says something and returns when it was said, or at once when ctx ends; then what was not said is never heard.
	// device.ErrAttention: a program or a sound card is missing. One Speak runs at a time.
	Speak(ctx context.Context, u Utterance) error

	// Look says what keeps it from speaking these languages, nil if nothing does that can be known without a sound.
	Look(ctx context.Context, languages []string) error
}

// Utterance is something to be said.
type Utterance struct {
	Language string // "de"
	Text     string // at most MaxText characters; what is longer is cut
	Volume   int    // 1 to MostVolume
}

const (
	// MaxText is the longest text that is said.
	MaxText = 4000
	// MostVolume is as loud as the voice becomes.
	MostVolume = 10
)

// Headset is the socket.
type Headset interface {
	// Next waits for the next change and says whether a headset is in. It opens the device when needed; then how it is comes
	// first. An error means that the device is not there or was lost; then nobody listens. Call again to reopen it.
	Next(ctx context.Context) (in bool, err error)

	// Close releases the device. The headset may be used again afterwards.
	Close() error
}
