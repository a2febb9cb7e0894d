package web

import (
	"fmt"
	"image"
	"image/color"
	imagedraw "image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// TestTheCodeIsTheReceiptAndNamesNobody reads the code as a telephone does.
func TestTheCodeIsTheReceiptAndNamesNobody(t *testing.T) {
	zbar, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Fatal("zbarimg is not installed: make deps")
	}
	for _, lang := range text.Known {
		v := with(session.ScreenOutcome, func(v *session.View) {
			ended(session.OutcomeBooked, session.ReceiptOnScreen)(v)
			v.Wish, v.PaidAt, v.Initials, v.Language = session.WishScreen, time.Date(2026, 11, 28, 14, 5, 0, 0, time.UTC), "J. D.", lang
		})
		s, err := sceneOf(v, catalogues(t), plain)
		if err != nil || s.code == nil {
			t.Fatalf("%s: %v, %v", lang, s.code, err)
		}
		file := filepath.Join(t.TempDir(), "code.png")
		picture(t, *s.code, file)
		read, err := exec.Command(zbar, "--raw", "-q", file).Output()
		if err != nil {
			t.Fatalf("%s: the code cannot be read: %v", lang, err)
		}
		said := strings.TrimSpace(string(read))
		if said != s.receiptWords() {
			t.Errorf("%s: the code says %q, want %q", lang, said, s.receiptWords())
		}
		for _, want := range []string{"4821-123", s.price(euro(1250)), s.say("receipt-status-booked"), s.libraryName()} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q lacks %q", lang, said, want)
			}
		}
		if strings.Contains(said, "J. D.") {
			t.Errorf("%s: %q names a person", lang, said)
		}
	}
}

func TestNoCodeIsShownThatNobodyWanted(t *testing.T) {
	for _, e := range examples() {
		fragment, err := draw(e.view, catalogues(t), plain)
		if err != nil {
			t.Fatal(err)
		}
		wanted := e.view.Screen == session.ScreenOutcome && e.view.Wish == session.WishScreen
		if got := strings.Contains(fragment, `class="code"`); got != wanted {
			t.Errorf("%s: a code is shown: %v", e.name, got)
		}
	}
}

// picture draws a code with four pixels for each module.
func picture(t *testing.T, c code, file string) {
	t.Helper()
	const module = 4
	drawn := image.NewGray(image.Rect(0, 0, c.Size*module, c.Size*module))
	imagedraw.Draw(drawn, drawn.Bounds(), image.NewUniform(color.White), image.Point{}, imagedraw.Src)
	for _, square := range strings.Split(strings.TrimSuffix(c.Path, "z"), "z") {
		var x, y int
		if _, err := fmt.Sscanf(square, "M%d %dh1v1h-1", &x, &y); err != nil {
			t.Fatalf("%q: %v", square, err)
		}
		imagedraw.Draw(drawn, image.Rect(x*module, y*module, (x+1)*module, (y+1)*module), image.NewUniform(color.Black), image.Point{}, imagedraw.Src)
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, drawn); err != nil {
		t.Fatal(err)
	}
}
