package trace

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device/tap"
	"selfpay/drivers/concert"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/zvt"
)

const (
	openPAN  = "4929123412341232"
	track2   = openPAN + "=25121010000017000000"
	track1   = "%B" + openPAN + "^ROE/JANE ^25121010000017000000?"
	password = "987654"
)

// far is the far end of a link that says what it is told to.
type far struct{ next []byte }

func (f *far) Read(b []byte) (int, error) {
	if f.next == nil {
		return 0, io.EOF
	}
	return copy(b, f.next), nil
}
func (f *far) Write(b []byte) (int, error) { return len(b), nil }
func (f *far) Close() error                { return nil }

// line is one tapped link.
type line struct {
	link io.ReadWriteCloser
	far  *far
}

func connect(t *testing.T, over *tap.Tap) line {
	t.Helper()
	f := &far{}
	link, err := over.Dial(func(context.Context) (io.ReadWriteCloser, error) { return f, nil })(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return line{link, f}
}

func (l line) kiosk(said ...byte) { l.link.Write(said) }

func (l line) terminal(said ...byte) {
	l.far.next = said
	l.link.Read(make([]byte, len(said)))
}

// traced is what a trace tells of a conversation, by JSON as it leaves the daemon.
func traced(t *testing.T, driver string, serial bool, talk func(line)) []string {
	t.Helper()
	var told []string
	synctest.Test(t, func(t *testing.T) {
		over := &tap.Tap{}
		l := connect(t, over)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- Terminal(ctx, driver, serial, over, func(m Message) error {
				shown, err := json.Marshal(m.Message)
				told = append(told, fmt.Sprintf("%s %s", m.From, shown))
				return err
			})
		}()
		synctest.Wait()
		talk(l)
		time.Sleep(time.Second)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return told
}

// hides fails where a trace tells a secret, as text or in hex.
func hides(t *testing.T, told []string) {
	t.Helper()
	all := strings.ToLower(strings.Join(told, "\n"))
	if all == "" {
		t.Error("nothing was told")
	}
	for _, secret := range []string{openPAN[4:14], openPAN[6:12], "378282246310005", "1010000017", "ROE/", password} {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret))} {
			if at := strings.Index(all, strings.ToLower(form)); at >= 0 {
				t.Errorf("%s is told: …%s…", form, all[max(0, at-100):min(len(all), at+40)])
			}
		}
	}
}

// tells fails where a trace lacks something.
func tells(t *testing.T, told []string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(strings.Join(told, "\n"), w) {
			t.Errorf("%q is not told in %q", w, told)
		}
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// secretsInZVT are messages with an open card number in every field that can hold one, and with passwords.
func secretsInZVT(t *testing.T) []zvt.APDU {
	t.Helper()
	packed := unhex(t, openPAN)
	text := []byte("Karte " + openPAN)
	inside := zvt.AppendTLV(zvt.AppendTLV(nil, zvt.TagText, text...), zvt.TagText, []byte(track2)...)
	var objects []byte
	for _, o := range []struct {
		tag   zvt.Tag
		value []byte
	}{{zvt.TagLongPassword, unhex(t, password)}, {zvt.TagDisplayTexts, inside}, {zvt.TagPrintTexts, inside}, {0x46, text}, {0x47, []byte(track1)}, {zvt.TagExtendedText, text}, {0x65, inside},
		{0x4C, packed}, {0x5A, packed}, {0x57, unhex(t, openPAN+"D25121010000017000000F")}, {0x1F45, packed}, {0x1F19, packed}, {0x1F18, text},
		{zvt.TagReferenceContent, text}} {
		objects = zvt.AppendTLV(objects, o.tag, o.value...)
	}
	objects = zvt.AppendTLV(objects, 0x60, objects...) // of the application, all of them again
	data := zvt.AppendField(nil, zvt.BMPAmount, unhex(t, "000000001250")...)
	data = zvt.AppendField(data, zvt.BMPPAN, packed...)
	data = zvt.AppendField(data, zvt.BMPTrack2, unhex(t, openPAN+"D25121010000017000000F")...)
	data = zvt.AppendField(data, zvt.BMPTrack3, unhex(t, "01"+openPAN+"D25121010000017000000F")...)
	data = zvt.AppendField(data, zvt.BMPTrack1, []byte(track1)...)
	data = zvt.AppendField(data, zvt.BMPText, []byte(track2)...)
	data = zvt.AppendField(data, zvt.BMPVUNumber, []byte("378282246310005")...)
	data = zvt.AppendField(data, zvt.BMPCardName, text...)
	for _, bmp := range []byte{0x2E, 0x4C, 0x60, 0x9A, 0xA7, 0xD1, 0xE1, 0xF1} {
		data = zvt.AppendField(data, bmp, packed...)
	}
	data = zvt.AppendField(data, zvt.BMPContainer, objects...)
	misread := append(zvt.AppendTLV(nil, zvt.TagPrinterWidth, packed...), 0x07, 0x7F) // the second object is not whole
	all := []zvt.APDU{
		{Control: zvt.StatusInformation, Data: data},
		{Control: zvt.PrintLine, Data: append([]byte{0}, text...)},
		{Control: zvt.PrintLine, Data: append([]byte{0}, track1...)},
		{Control: zvt.PrintBlock, Data: zvt.AppendField(nil, zvt.BMPContainer, objects...)},
		{Control: 0x4711, Data: data}, // nobody knows this command
		{Control: zvt.Completion, Data: zvt.AppendField(nil, zvt.BMPContainer, misread...)},
		{Control: zvt.Reversal, Data: append(unhex(t, password), zvt.AppendField(nil, zvt.BMPContainer, objects...)...)},
	}
	for _, c := range []zvt.Control{zvt.Registration, zvt.EndOfDay, zvt.RepeatReceipt, zvt.Initialisation, zvt.StatusEnquiry} {
		all = append(all, zvt.APDU{Control: c, Data: unhex(t, password)})
	}
	return all
}

func TestNoSecretOfZVTIsTold(t *testing.T) {
	for _, serial := range []bool{false, true} {
		encode := zvt.APDU.Bytes
		if serial {
			encode = func(a zvt.APDU) []byte { return zvt.EncodeBlock(a.Bytes()) }
		}
		told := traced(t, "zvt", serial, func(l line) {
			for _, a := range secretsInZVT(t) {
				l.terminal(encode(a)...)
				l.kiosk(encode(a)...)
				l.kiosk(encode(a)[:5]...) // in pieces
				l.kiosk(encode(a)[5:]...)
			}
			whole := encode(zvt.APDU{Control: zvt.PrintLine, Data: append([]byte{0}, openPAN...)})
			cut := len(whole) - 3
			if serial {
				bad := slices.Clone(whole)
				bad[cut-2] ^= 1 // the last digit: a number that is none any more
				l.terminal(bad...)
				cut -= 4
			}
			l.terminal(whole[:cut]...)
			l.link.Close()
		})
		hides(t, told)
		for _, said := range told {
			if strings.Contains(said, `"47 11"`) && !strings.Contains(said, `"fields":{}`) {
				t.Errorf("an unknown command is told: %s", said)
			}
		}
		tells(t, told, `"amount_minor":1250`, `"pan":"492912******1232"`, "registration", "what it holds is not shown")
	}
}

// The test above would see each field.
func TestWhatATraceHidesIsSeenWithoutIt(t *testing.T) {
	if told := fmt.Sprintf("%X", secretsInZVT(t)[0].Bytes()); !strings.Contains(told, openPAN) || !strings.Contains(told, hex.EncodeToString([]byte(openPAN))) {
		t.Error("the message holds no secret")
	}
}

func TestNoSecretOfCaisseAPIsTold(t *testing.T) {
	field := func(tag, value string) string { return fmt.Sprintf("%s%03d%s", tag, len(value), value) }
	told := traced(t, "caisse-ap", false, func(l line) {
		l.kiosk([]byte(field("CZ", "0300") + field("CB", "00001250"))...)
		l.terminal([]byte(field("CZ", "0300") + field("CF", openPAN) + field("CF", track2) + field("CF", password) + field("AA", openPAN) + field("AA", track2) +
			field("ZZ", openPAN) + field("ZZ", password) + field("AE", "10"))...)
		for _, ticket := range []string{"Carte " + openPAN, track2, track1} {
			l.terminal([]byte(field("CZ", "0300") + field("ZT", base64.StdEncoding.EncodeToString([]byte(ticket))))...)
		}
		cut := []byte(field("CZ", "0300") + field("CF", openPAN))
		l.terminal(cut[:len(cut)-4]...)
		time.Sleep(time.Second)
		l.terminal(cut[len(cut)-14:]...)
	})
	hides(t, told)
	tells(t, told, "1250 minor units", "492912******1232", "16 characters", "Carte 4929")
}

func TestNoSecretOfECR17IsTold(t *testing.T) {
	frame := func(text string) []byte { return ecr17.LRCWhole.Frame([]byte(text)) }
	card := "000" + openPAN // 19 characters
	told := traced(t, "ecr17", false, func(l line) {
		payment, err := ecr17.Payment{TerminalID: "30350039", Register: "00000001", Minor: 1250, Contract: openPAN}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		l.kiosk(ecr17.LRCWhole.Frame(payment)...)
		l.terminal(ecr17.Control(ecr17.ACK)...)
		l.terminal(ecr17.Progress(openPAN)...)
		l.terminal(frame("303500390E00" + card + "CLI004711211152010000000000300012400005700000001250" + card + track2)...)
		l.terminal(frame("303500390E01" + fmt.Sprintf("%-24s", openPAN) + strings.Repeat("0", 80))...)
		l.terminal(frame("303500390E00" + openPAN)...)
		l.terminal(frame("303500390S" + track1 + openPAN)...)
		for code := byte('A'); code <= 'z'; code++ {
			if strings.ContainsRune("PXsGEVSCT", rune(code)) {
				continue // its fields stand above
			}
			l.terminal(frame("303500390" + string(code) + card + track2 + password)...)
		}
		l.terminal(frame(openPAN + track1)...)
		l.terminal(frame("PIN " + password)...)
		whole := frame("303500390S" + openPAN)
		l.terminal(whole[:20]...)
		time.Sleep(time.Second)
		l.terminal(whole[20:]...)
	})
	hides(t, told)
	tells(t, told, "1250 cents", "492912******1232", "progress", "ACK", "not whole")
}

func TestNoSecretOfAnMDBAdapterIsTold(t *testing.T) {
	told := traced(t, "mdb", false, func(l line) {
		l.kiosk([]byte("D,REQ,12.50,1\n")...)
		l.terminal([]byte("d,STATUS,RESULT,1,12.50\n" + openPAN + "\nx," + openPAN + "\nd," + track2 + "\n" + track1 + "\n")...)
		l.terminal([]byte("d," + openPAN[:13])...)
		time.Sleep(time.Second)
		l.terminal([]byte(openPAN[3:] + "\n")...)
	})
	hides(t, told)
	tells(t, told, "asks for an amount", "12.50", "the reader approves")
}

func TestNoSecretOfConcertIsTold(t *testing.T) {
	answer := concert.Answer{Register: "01", Status: '0', Minor: 1250, Mode: '1', Currency: "978", Private: "4821-123  "}
	told := traced(t, "concert", true, func(l line) {
		l.kiosk(concert.ENQ)
		l.terminal(concert.ACK)
		request, err := concert.Request{Register: "01", Minor: 1250, Mode: '1', Kind: '0', Currency: "978", Private: "4821-123", Delay: "A010", Force: "B010"}.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		l.kiosk(concert.Frame(request)...)
		l.terminal(concert.ACK, concert.ENQ, 'x', 'y')
		l.terminal(concert.Frame(answer.Bytes())...)
		for _, report := range []string{openPAN, track2, ";" + track2 + "?"} {
			answer.Report = fmt.Sprintf("%-55s", report)
			frame := concert.Frame(answer.Bytes())
			l.terminal(frame...)
			frame[20] ^= 1
			l.terminal(frame...)
			l.terminal(frame[:30]...)
			time.Sleep(time.Second)
			l.terminal(frame[30:]...)
		}
		l.terminal(concert.Frame([]byte(openPAN))...)
		l.terminal(concert.Frame([]byte(track1))...)
		l.terminal([]byte(openPAN)...)
	})
	hides(t, told)
	tells(t, told, `kiosk {"text":"ENQ"`, "STX 0100001250010978", "0100000125019784821-123", "(55 characters)", "2 bytes belong to no message")
}

func TestOneSideIsHeardUntilTheOtherSpeaksTheLinkEndsOrItIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over, began := &tap.Tap{}, time.Now()
		l, other := connect(t, over), connect(t, over)
		var told []string
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go Terminal(ctx, "concert", false, over, func(m Message) error {
			told = append(told, fmt.Sprint(m.At.Sub(began), " ", m.From, " ", m.Message.(ConcertDocument).Text))
			return nil
		})
		synctest.Wait()
		for range 3 {
			l.kiosk(concert.ENQ)
			time.Sleep(quiet - time.Millisecond)
		}
		l.terminal(concert.ACK) // the other side
		other.terminal(concert.EOT)
		other.link.Close() // the link's end
		time.Sleep(time.Millisecond)
		l.kiosk(concert.NAK)
		time.Sleep(quiet) // quiet
		l.kiosk(concert.ACK)
		l.kiosk(slices.Repeat([]byte{concert.ENQ}, mostBytes)...) // too much
		l.kiosk(concert.NAK)
		time.Sleep(time.Second)
		synctest.Wait()
		want := []string{"0s kiosk ENQ ENQ ENQ", "897ms terminal ACK", "897ms terminal EOT", "898ms kiosk NAK", "1.198s kiosk ACK",
			"1.198s kiosk " + strings.TrimSpace(strings.Repeat("ENQ ", mostBytes)), "1.198s kiosk NAK"}
		if !slices.Equal(told, want) {
			t.Errorf("%.300q", told)
		}
	})
}

func TestMessagesOfBothSidesAndOfSeveralLinksAreKeptApart(t *testing.T) {
	ack := zvt.APDU{Control: zvt.Ack}.Bytes()
	var told []string
	synctest.Test(t, func(t *testing.T) {
		over := &tap.Tap{}
		first, second := connect(t, over), connect(t, over)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go Terminal(ctx, "zvt", false, over, func(m Message) error {
			shown, _ := json.Marshal(m)
			told = append(told, string(shown[strings.Index(string(shown), `"from"`):]))
			return nil
		})
		synctest.Wait()
		first.kiosk(ack[:2]...)
		first.terminal(ack[:1]...)
		second.terminal(ack[:2]...)
		second.terminal(ack[2:]...)
		first.terminal(ack[1:]...)
		first.link.Close()
		synctest.Wait()
	})
	if len(told) != 3 {
		t.Fatalf("%q", told)
	}
	for i, want := range []string{`"terminal","message":{"control":"80 00"`, `"terminal","message":{"control":"80 00"`, `"kiosk"`} {
		if !strings.HasPrefix(told[i], `"from":`+want) || strings.Contains(told[i], "incomplete") != (i == 2) {
			t.Errorf("%d: %s", i, told[i])
		}
	}
}

func TestWhatWasNotHeardIsCountedAndNotGuessed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := &tap.Tap{}
		l := connect(t, over)
		line := zvt.APDU{Control: zvt.PrintLine, Data: append([]byte{0}, openPAN...)}.Bytes()
		goOn := make(chan struct{})
		var told []Message
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go Terminal(ctx, "zvt", false, over, func(m Message) error { <-goOn; told = append(told, m); return nil })
		synctest.Wait()
		l.terminal(line...)
		synctest.Wait() // it is held up in emit
		for range 5000 {
			l.terminal(line[:9]...)
		}
		close(goOn)
		synctest.Wait()
		l.terminal(line...)
		synctest.Wait()
		last := told[len(told)-1]
		if shown, err := json.Marshal(told); last.Lost < 3000 || err != nil || strings.Contains(string(shown), openPAN[:13]) {
			t.Errorf("%+v of %d, %v", last, len(told), err)
		}
		if shown, _ := json.Marshal(last.Message); !strings.Contains(string(shown), "492912******1232") {
			t.Errorf("%s", shown)
		}
	})
}

func TestATraceEndsWhenNobodyTakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over, gone := &tap.Tap{}, errors.New("gone")
		l := connect(t, over)
		ended := make(chan error, 1)
		go func() {
			ended <- Terminal(t.Context(), "concert", false, over, func(Message) error { return gone })
		}()
		synctest.Wait()
		l.kiosk(concert.ENQ)
		if err := <-ended; err != gone {
			t.Errorf("%v", err)
		}
	})
	if err := Terminal(t.Context(), "telepathy", false, &tap.Tap{}, nil); err == nil || !strings.Contains(err.Error(), "telepathy") {
		t.Errorf("%v", err)
	}
}

func FuzzWhateverIsSaidHasAnExplanation(f *testing.F) {
	f.Add([]byte("CZ0040300AA016"+openPAN), uint8(0))
	f.Add(concert.Frame([]byte(track1)), uint8(1))
	f.Add([]byte("d,"+openPAN+"\n"), uint8(2))
	f.Add(ecr17.LRCWhole.Frame([]byte("303500390S"+openPAN)), uint8(3))
	drivers := []string{"caisse-ap", "concert", "mdb", "ecr17"}
	f.Fuzz(func(t *testing.T, b []byte, driver uint8) {
		shown, err := json.Marshal(explainers[drivers[int(driver)%len(drivers)]](b))
		if err != nil || strings.Contains(string(shown), "null") && !strings.Contains(string(b), "null") {
			t.Fatalf("%s, %v", shown, err)
		}
	})
}
