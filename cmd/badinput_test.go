package cmd_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"selfpay/cmd/kiosksim/surround"
)

func TestUnknownKeyInTheConfigurationStopsKioskd(t *testing.T) {
	s := newStation(t, surround.Options{}, "[receipt]\nwithout_paper", "[receipt]\nwithout_papers")
	out, err := exec.Command(programs+"/kioskd", "--config", s.around.ConfigPath()).CombinedOutput()
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != 78 {
		t.Errorf("kioskd ends with %v, want 78", err)
	}
	for _, w := range []string{"receipt.without_papers", "not known", "did you mean receipt.without_paper?"} {
		if !strings.Contains(string(out), w) {
			t.Errorf("kioskd says %q, without %q", out, w)
		}
	}
	if out, status := s.ctl("config", "check", s.around.ConfigPath()); status != 78 || !strings.Contains(out, "without_papers") {
		t.Errorf("config check: %d %s", status, out)
	}
}

func TestWrongAddressOfTheLibraryIsSaidOnTheScreen(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	s.order("link", "ils", "cut")
	s.begin().notReady("library-down")
	s.patron(cardOneFee).said(t, "library-down", "library")
	s.nothingMoved()
	if out, status := s.ctl("doctor"); status != 1 || !strings.Contains(out, "ils:link") {
		t.Errorf("doctor: %d %s", status, out)
	}
}

func TestRefusedLoginAtTheLibraryIsSaid(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}, `password = "demo-password"`, `password = "wrong"`).begin()
	s.notReady("library-refuses")
	s.patron(cardOneFee).said(t, "library-refuses")
	s.nothingMoved()
	if out, _ := s.ctl("doctor"); !strings.Contains(out, "login") || strings.Contains(out, "wrong") {
		t.Errorf("doctor says %s", out)
	}
}

func TestAbsentTerminalIsSaidOnTheScreen(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	s.order("link", "terminal", "cut")
	s.begin().notReady("terminal-down")
	s.patron(cardOneFee).said(t, "terminal-down")
	s.nothingMoved()
	s.order("link", "terminal", "restore")
	s.ready()
	s.patron(cardOneFee).said(t, "booked")
}

func TestAccountsThatCannotBePaidAreToldWhy(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	for _, c := range []struct{ card, outcome string }{
		{cardNobody, "unknown-patron"}, {cardNoFees, "nothing-owed"}, {cardTooMuch, "over-maximum"}, {"12", "not-a-card"},
	} {
		v := s.patron(c.card)
		v.said(t, c.outcome)
		if v.Said == "" {
			t.Errorf("%s: the screen says nothing", c.outcome)
		}
	}
	s.nothingMoved()
}

func TestJunkFromTheScannerIsToldApartFromACard(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready().scannerThere()
	for _, junk := range []string{"https://example.org/", "9783492045643", "a b c d; DROP TABLE", strings.Repeat("7", 300)} {
		s.eventually("the screen is ready", func() (bool, string) {
			out, _ := s.ctl("status", "--json")
			return strings.Contains(out, `"screen":"ready"`) || strings.Contains(out, `"screen":"message"`), out
		})
		s.order("scan", junk)
		s.eventually("the junk is told", func() (bool, string) {
			out, _ := s.ctl("status", "--json")
			return strings.Contains(out, `"screen":"message"`), out
		})
	}
	s.order("scan", strings.Repeat("8", 600)) // longer than any label of ours
	s.eventually("a label that was dropped is counted", func() (bool, string) {
		s.order("scan", cardTwoFees)
		_, said := s.get("/healthz")
		return strings.Contains(said, `"observedValue":1,"observedUnit":"labels dropped"`), said
	})
	s.nothingMoved()
	if strings.Contains(s.log(), "DROP TABLE") {
		t.Error("the log holds what was scanned")
	}
}

func TestPaperOutIsKnownBeforeThePaymentIsOffered(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	s.order("paper", "out")
	v := s.patron(cardOneFee)
	v.said(t, "booked")
	told := false
	for _, screen := range v.Screens {
		told = told || screen.Name == "confirm" && strings.Contains(strings.ToLower(screen.Words), "receipt")
	}
	if !told {
		t.Errorf("the patron was not told before paying: %+v", v.Screens)
	}
	s.booksAgree(oneFee)
	if n := len(s.around.Books().Receipts); n != 0 {
		t.Errorf("%d receipts without paper", n)
	}
}

func TestWithoutPaperNoPaymentWhereTheLibraryWantsReceipts(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}, `without_paper = "ask"`, `without_paper = "refuse"`).begin().ready()
	s.order("paper", "out")
	s.patron(cardOneFee).said(t, "no-paper")
	s.nothingMoved()
	s.order("paper", "in")
	s.patron(cardOneFee).said(t, "booked")
	s.booksAgree(oneFee)
}

// onSmallDisk puts a disk of 2 MB at path: mounted by root, else in a mount namespace that the returned wrapper makes
// and that ends with its program.
func onSmallDisk(t *testing.T, path string) (wrapper []string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return []string{"unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c", `mount -t tmpfs -o size=2m none "$0" && exec "$@"`, path}
	}
	if err := syscall.Mount("none", path, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatalf("no small disk can be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return nil
}

func TestFullDiskTakesNoPayment(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	state := s.dir + "/state"
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	s.begin(onSmallDisk(t, state)...)
	s.notReady("storage")
	s.patron(cardOneFee).said(t, "storage")
	s.nothingMoved()
	if code, said := s.get("/healthz"); code != http.StatusServiceUnavailable || !strings.Contains(said, "ledger:write") {
		t.Errorf("healthz: %d %s", code, said)
	}
	if out, status := s.ctl("status"); status != 1 || !strings.Contains(out, "storage") {
		t.Errorf("status: %d %s", status, out)
	}
}
