package cmd_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"selfpay/device"
	"selfpay/drivers/escpos"
	"selfpay/kiosk/health"
	"selfpay/kiosk/text"
)

var rewrite = flag.Bool("rewrite", false, "write the table of status bits in docs/printers.md anew")

// answering is a printer that is well but for one bit. It answers what it is asked, and nothing else.
func answering(far net.Conn, bit escpos.StatusBit) {
	set := func(answer string, at int, well byte) byte {
		if bit.Answer == answer && bit.Byte == at {
			return well | bit.Mask
		}
		return well
	}
	buffer, asked := make([]byte, 1024), []byte(nil)
	for {
		n, err := far.Read(buffer)
		if err != nil {
			return
		}
		asked = append(asked, buffer[:n]...)
		for i := 0; i+2 < len(asked); i++ {
			var answer []byte
			switch {
			case asked[i] == 0x10 && asked[i+1] == 0x04 && asked[i+2] <= 4:
				question := fmt.Sprintf("DLE EOT %d", asked[i+2])
				answer = []byte{set(question, 1, 0x12)}
			case asked[i] == 0x10 && asked[i+1] == 0x04 && asked[i+2] == 20:
				answer = []byte{0x10, 0x0F, set("DLE EOT 20", 3, 0), set("DLE EOT 20", 4, 0), set("DLE EOT 20", 5, 0), set("DLE EOT 20", 6, 0)}
			case asked[i] == 0x10 && asked[i+1] == 0x14 && asked[i+2] == 0x08: // clear
				answer = []byte{0x37, 0x25, 0x00}
			default:
				continue
			}
			asked = asked[i+3:]
			i = -1
			if _, err := far.Write(answer); err != nil {
				return
			}
		}
	}
}

// told is what patron and staff are told of a printer with one bit set, by the driver and the health of a station.
func told(t *testing.T, bit escpos.StatusBit) (patron bool, staff string) {
	t.Helper()
	near, far := net.Pipe()
	defer far.Close()
	go answering(far, bit)
	cfg, err := escpos.Configure("custom-vkp80ii", nil, "") // it has every sensor and the long status
	if err != nil {
		t.Fatal(err)
	}
	var dial device.Dial = func(context.Context) (io.ReadWriteCloser, error) { return near, nil }
	log := slog.New(slog.DiscardHandler)
	printer := escpos.New(dial, cfg, log)
	defer printer.Close()
	status, err := printer.Status(t.Context())
	if err != nil {
		t.Fatalf("%+v: %v", bit, err)
	}
	monitor := health.New(health.Config{Printer: printer, Log: log})
	there := false
	if _, err := monitor.LookPrinter(t.Context(), func() { there = true }); err != nil || !there {
		t.Fatalf("%+v: %v", bit, err)
	}
	staff = "-"
	for _, check := range []string{health.CheckPrinter, health.CheckPaper} {
		if c := monitor.Document().Checks[check][0]; c.Status != health.Pass {
			staff = fmt.Sprintf("`%s` %s: %s", check, c.Status, c.Output)
		}
	}
	return !status.Ready(), staff
}

// statusTable writes the table of docs/printers.md.
func statusTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| answer | byte | bits | meaning | patron | staff and health |\n|---|---|---|---|---|---|\n")
	for _, bit := range escpos.StatusBits() {
		patron, staff := "-", "-"
		noReceipt := false
		synctest.Test(t, func(t *testing.T) { noReceipt, staff = told(t, bit) })
		if noReceipt {
			patron = "no receipt"
		}
		if noReceipt != bit.Stops && strings.HasPrefix(bit.Answer, "DLE EOT") {
			t.Errorf("%+v: no receipt is %v", bit, noReceipt)
		}
		if bit.Answer == "GS a" && bit.Stops {
			patron, staff = "as DLE EOT", "as DLE EOT, asked at once"
		}
		fmt.Fprintf(&b, "| %s | %d | %02X | %s | %s | %s |\n", bit.Answer, bit.Byte, bit.Mask, bit.Means, patron, staff)
	}
	return b.String()
}

func TestEveryStatusBitIsToldAsTheTableSays(t *testing.T) {
	const file = "../docs/printers.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- bits -->\n", "<!-- end of bits -->"
	before, rest, found := strings.Cut(string(text), begin)
	shown, after, found2 := strings.Cut(rest, end)
	if !found || !found2 {
		t.Fatal("the table's place is not marked")
	}
	table := statusTable(t)
	if *rewrite {
		if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if shown != table {
		t.Errorf("docs/printers.md shows\n%s\nthe station tells\n%s", shown, table)
	}
}

func TestWhatPatronsReadOfAPrinterStandsInTheDocument(t *testing.T) {
	texts, err := text.New([]string{"en"})
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../docs/printers.md")
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.Join(strings.Fields(string(document)), " ")
	for _, key := range []string{"confirm-no-paper", "reason-no-paper", "paper-failed", "paper-no-paper"} {
		if said := texts.Say("en", key, nil); !strings.Contains(flat, said) {
			t.Errorf("%s: the document does not say %q", key, said)
		}
	}
}
