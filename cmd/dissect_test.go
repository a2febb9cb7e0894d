package cmd_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/drivers/zvt/decode"
)

// message is one ZVT message of a capture, by whom it was read. Empty: it does not say.
type message struct {
	Control, Amount, Currency, Terminal, Trace string
}

// tshark runs Wireshark's second self, which has a ZVT dissector by other people, and returns its columns.
func tshark(t *testing.T, words ...string) [][]string {
	t.Helper()
	path, err := exec.LookPath("tshark")
	if err != nil {
		t.Fatal("tshark is not here; install it with: make deps")
	}
	out, err := exec.Command(path, words...).Output()
	if err != nil {
		t.Fatalf("tshark %q: %v", words, err)
	}
	var rows [][]string
	for line := range strings.Lines(string(out)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

// dissect runs it over a capture.
func dissect(t *testing.T, capture, filter string, fields ...string) [][]string {
	t.Helper()
	words := []string{"-n", "-r", capture, "-d", "tcp.port==20007,zvt", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", filter, "-T", "fields"}
	for _, f := range fields {
		words = append(words, "-e", f)
	}
	return tshark(t, words...)
}

// commandsOfTshark are those that its dissector has a name for.
func commandsOfTshark(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, row := range tshark(t, "-G", "values") {
		if len(row) == 4 && row[0] == "V" && row[1] == "zvt.control_field" {
			n, err := strconv.ParseUint(row[2], 0, 16)
			if err != nil {
				t.Fatal(err)
			}
			known[fmt.Sprintf("%02X %02X", n>>8, n&0xFF)] = true
		}
	}
	if len(known) < 10 {
		t.Fatalf("tshark knows %d commands", len(known))
	}
	return known
}

// readByTshark are the messages by the number of their packet.
func readByTshark(t *testing.T, capture string) map[int]message {
	t.Helper()
	read := map[int]message{}
	for _, row := range dissect(t, capture, "zvt", "frame.number", "zvt.control_field", "zvt.ccrc", "zvt.aprc", "zvt.amount", "zvt.cc", "zvt.terminal_id", "zvt.trace_number") {
		number, err := strconv.Atoi(row[0])
		if err != nil {
			t.Fatal(err)
		}
		control := strings.ToUpper(strings.ReplaceAll(row[1]+row[2]+row[3], "0x", ""))
		read[number] = message{Control: control[:2] + " " + control[2:], Amount: row[4], Currency: strings.TrimPrefix(row[5], "0x"), Terminal: row[6], Trace: row[7]}
	}
	return read
}

// readByUs are the same by our own decoder.
func readByUs(t *testing.T, capture string) map[int]message {
	t.Helper()
	f, err := os.Open(capture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	packets, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	read := map[int]message{}
	for number := 1; ; number++ {
		b, _, err := packets.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return read
		}
		if err != nil {
			t.Fatal(err)
		}
		tcp, ok := gopacket.NewPacket(b, layers.LayerTypeIPv4, gopacket.Default).Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok || len(tcp.Payload) == 0 {
			continue
		}
		d := decode.APDU(tcp.Payload)
		if len(d.Problems) > 0 {
			t.Errorf("packet %d: %q", number, d.Problems)
		}
		read[number] = message{Control: d.Control, Amount: written(d, "amount_minor", "%d"), Currency: written(d, "currency", "%s"),
			Terminal: written(d, "tid", "%s"), Trace: written(d, "trace", "%06d")}
	}
}

func written(d decode.Document, field, form string) string {
	value, there := d.Fields[field]
	if !there {
		return ""
	}
	return fmt.Sprintf(form, value)
}

// sameReading wants tshark to find every message that its dissector has a name for and to read from it what we read, and returns the
// amounts by control field. Its dissector names fewer commands than there are; those it leaves alone are told.
func sameReading(t *testing.T, capture string) map[string][]string {
	t.Helper()
	for _, row := range dissect(t, capture, "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment || tcp.analysis.retransmission || tcp.analysis.out_of_order || "+
		"tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed || zvt.apdu_len.invalid", "frame.number", "_ws.expert.message") {
		t.Errorf("tshark objects to packet %q", row)
	}
	known, theirs, ours := commandsOfTshark(t), readByTshark(t, capture), readByUs(t, capture)
	found, unnamed, amounts := map[string]int{}, map[string]int{}, map[string][]string{}
	for number, m := range ours {
		if !known[m.Control] && m.Control[:2] != "80" && m.Control[:2] != "84" {
			unnamed[m.Control]++
			if _, there := theirs[number]; there {
				t.Errorf("packet %d: tshark names %s after all", number, m.Control)
			}
			continue
		}
		found[m.Control]++
		if theirs[number] != m {
			t.Errorf("packet %d: tshark reads %+v, we read %+v", number, theirs[number], m)
		}
		if m.Amount != "" {
			amounts[m.Control] = append(amounts[m.Control], m.Amount)
		}
	}
	for number, m := range theirs {
		if _, there := ours[number]; !there {
			t.Errorf("packet %d: tshark reads %+v, we read nothing", number, m)
		}
	}
	t.Logf("%d messages; named and read alike: %s; without a name in tshark's dissector: %s", len(ours), counts(found), counts(unnamed))
	return amounts
}

func counts(of map[string]int) string {
	var words []string
	for _, control := range slices.Sorted(maps.Keys(of)) {
		words = append(words, fmt.Sprintf("%s (%d)", control, of[control]))
	}
	return strings.Join(words, ", ")
}

func TestTsharkReadsTheDemoAsWeDo(t *testing.T) {
	t.Parallel()
	if err := lookAtSources(); err != nil {
		t.Fatal(err)
	}
	capture := filepath.Join(t.TempDir(), "demo.pcapng")
	words := []string{"demo", "--capture", capture, "--kioskd", filepath.Join(programs, "kioskd"), "--kioskctl", filepath.Join(programs, "kioskctl")}
	if out, err := exec.Command(filepath.Join(programs, "kiosksim"), words...).CombinedOutput(); err != nil {
		t.Fatalf("kiosksim demo: %v\n%s", err, out)
	}
	amounts := sameReading(t, capture)
	if got, want := sum(t, amounts["06 01"]), int64(twoFees+oneFee+threeFees); got != want {
		t.Errorf("the amounts that were asked make %d, want %d", got, want)
	}
}

func TestTsharkReadsDeclinesReversalsAndTheEndOfDayAsWeDo(t *testing.T) {
	t.Parallel()
	capture := filepath.Join(t.TempDir(), "terminal.pcapng")
	s := newStation(t, surround.Options{Capture: capture}).begin().ready()
	s.patron(cardTwoFees).said(t, "booked")
	s.order("terminal", "next", "decline")
	s.patron(cardOneFee).said(t, "not-charged")
	s.order("ils", "next", "refuse")
	s.patron(cardOneFee).said(t, "returned")
	s.queueEmpties()
	if out, status := s.ctl("terminal", "end-of-day"); status != 0 {
		t.Fatalf("terminal end-of-day: %s", out)
	}
	s.kill()
	b := s.around.Books()
	amounts := sameReading(t, capture)
	if len(b.Reversals) != 1 || !slices.Equal(amounts["06 30"], []string{strconv.FormatInt(b.Reversals[0].AmountMinor, 10)}) {
		t.Errorf("reversed %q, the terminal's books have %+v", amounts["06 30"], b.Reversals)
	}
	if got, want := sum(t, amounts["06 01"]), int64(twoFees+2*oneFee); got != want {
		t.Errorf("the amounts that were asked make %d, want %d", got, want)
	}
}

func TestNoCardNumberIsFoundInACapture(t *testing.T) {
	t.Parallel()
	capture := filepath.Join(t.TempDir(), "terminal.pcapng")
	s := newStation(t, surround.Options{OpenPAN: openPAN, Capture: capture}).begin().ready()
	s.patron(cardTwoFees).said(t, "booked")
	s.order("terminal", "next", "drop-after", "40")
	s.patron(cardOneFee)
	s.kill()
	text, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	find(t, "the capture", text)
	if !strings.Contains(string(text), "Karte 492912******1232") {
		t.Error("the capture has no slip")
	}
}

func sum(t *testing.T, amounts []string) int64 {
	t.Helper()
	total := int64(0)
	for _, a := range amounts {
		n, err := strconv.ParseInt(a, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}
