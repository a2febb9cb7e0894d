package zvt

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"selfpay/device/terminal"
)

func TestEveryBuiltInProfileIsWellAndSaysWhereItComesFrom(t *testing.T) {
	names := Profiles()
	if len(names) < 9 {
		t.Errorf("built in are %v", names)
	}
	for _, name := range names {
		p, err := FindProfile(name)
		if err != nil || p.Family == "" || p.Source["memory"] == "" || p.Memory.LastResult == "" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestAProfileChangesWhatIsSaidToTheTerminal(t *testing.T) {
	for name, want := range map[string]string{
		"standard": "060010000000BE0978030106062604" + "0A0206D3", "feig-cvend": "060010000000DE0978030106062604" + "0A0206D3",
		"card-complete": "060013000000BE0978030106" + "09" + "120124" + "2604" + "0A0206D3",
	} {
		p, err := FindProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := p.Config()
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%X", New(nil, cfg, quiet).registration().apdu().Bytes())
		if got != want {
			t.Errorf("%s registers with %s, want %s", name, got, want)
		}
	}
}

func TestASitesOwnProfileIsReadByItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.toml")
	text := "family = \"Own\"\n[registration]\ncharsets = [\"utf-8\", \"iso8859-1\"]\nmessage_numbers = true\n[memory]\nlast_result = \"yes\"\n[times]\ncard = \"30s\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := FindProfile(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := p.Config()
	if err != nil || !cfg.LastResultProven || !cfg.MessageNumbers || len(cfg.Charsets) != 2 || cfg.CardWait.Seconds() != 30 {
		t.Errorf("%+v, %v", cfg, err)
	}
}

func TestAWrongProfileIsRefusedWithItsKey(t *testing.T) {
	for text, want := range map[string]string{
		"[registration]\nprinting = \"paper\"":    "registration.printing",
		"[registration]\nconfig = \"GG\"":         "registration.config",
		"[registration]\nconfig = \"00\"":         "registration.config",
		"[registration]\ncharset = \"ebcdic\"":    "ebcdic",
		"[registration]\ncharsets = [\"ebcdic\"]": "ebcdic",
		"[registration]\nwidth = 100":             "width",
		"[payment]\ntype = \"400\"":               "payment.type",
		"[payment]\nreference = \"ABC\"":          "payment.reference",
		"[times]\ncard = \"soon\"":                "times.card",
		"[times]\ncard = \"300s\"":                "card wait",
		"[memory]\nlast_result = \"perhaps\"":     "memory.last_result",
		"[memory]\nunanswered = \"perhaps\"":      "memory.unanswered",
		"[memory]\nreverses = \"perhaps\"":        "memory.reverses",
		"[memory]\nforgets = true":                "memory.forgets",
		"family = \"never ended":                  "line",
	} {
		if _, err := ParseProfile("own", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a word of %s", text, err, want)
		}
	}
	if _, err := FindProfile("ingenica"); err == nil || !strings.Contains(err.Error(), "terminal.profile") {
		t.Errorf("a profile that is not there: %v", err)
	}
}

func TestATerminalThatWasSeenToForgetIsNotAskedForEver(t *testing.T) {
	for name, want := range map[string]terminal.Verdict{"unknown": terminal.StillUnknown, "no": terminal.NeverKnown} {
		synctest.Test(t, func(t *testing.T) {
			far := &script{t: t} // it knows no 06 20
			term := New(far.dial, Config{NoLastResult: name == "no"}, quiet)
			defer term.Close()
			r, err := term.RecoverPurchase(t.Context(), terminal.Attempt{Purchase: order})
			if err != nil || r.Verdict != want {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		})
	}
}
