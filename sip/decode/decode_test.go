package decode

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"selfpay/sip/wire"
)

func text(t *testing.T, d Document) string {
	t.Helper()
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestDocumentHasTheAgreedForm(t *testing.T) {
	for line, want := range map[string]string{
		"38Y20240501    101530AOCPL|AAP1001|BKK1-000042|AY3AZF3C9\r": `{"message":"38","name":"Fee Paid Response","fixed":{"payment_accepted":"Y","transaction_date":"20240501    101530"},"fields":[{"id":"AO","value":"CPL"},{"id":"AA","value":"P1001"},{"id":"BK","value":"K1-000042"}],"sequence":3,"checksum":"ok","problems":[]}`,
		"9900302.00AY1AZFCA5":                 `{"message":"99","name":"SC Status","fixed":{"max_print_width":"030","protocol_version":"2.00","status_code":"0"},"fields":[],"sequence":1,"checksum":"ok","problems":[]}`,
		"97AZFEF5":                            `{"message":"97","name":"Request ACS Resend","fixed":{},"fields":[],"sequence":null,"checksum":"ok","problems":[]}`,
		"9300CNterm1|COterm1|CPCPL|AY0AZF5F4": `{"message":"93","name":"Login","fixed":{"pwd_algorithm":"0","uid_algorithm":"0"},"fields":[{"id":"CN","value":"term1"},{"id":"CO","value":"****"},{"id":"CP","value":"CPL"}],"sequence":0,"checksum":"ok","problems":[]}`,
		"941":                                 `{"message":"94","name":"Login Response","fixed":{"ok":"1"},"fields":[],"sequence":null,"checksum":"absent","problems":[]}`,
		"":                                    `{"message":"","name":"","fixed":{},"fields":[],"sequence":null,"checksum":"absent","problems":["The line is no SIP2 message: it does not begin with two digits."]}`,
		"Problems handling the request: 4111111111111111|ADsecret|": `{"message":"","name":"","fixed":{},"fields":[{"id":"","value":"Problems handling the request: ************1111"},{"id":"AD","value":"****"},{"id":"","value":""}],"sequence":null,"checksum":"absent","problems":["The line is no SIP2 message: it does not begin with two digits."]}`,
	} {
		if got := text(t, Decode([]byte(line), "")); got != want {
			t.Errorf("%q:\n got %s\nwant %s", line, got, want)
		}
	}
}

// One good message of every kind, in the form of the SIP2 document.
var messages = []string{
	"2300120240501    101530AOCPL|AAP1|AC|AD|",
	"24              00120240501    101530AOCPL|AAP1|AEJo Doe|BLY|CQY|BHEUR|BV12.50|",
	"11YN20240501    10153020240515    000000AOCPL|AAP1|ABI1|AC|",
	"121NNY20240501    101530AOCPL|AAP1|ABI1|AJDune|AH15 May|",
	"09N20240501    10153020240501    101500APdesk|AOCPL|ABI1|AC|",
	"101YNN20240501    101530AOCPL|ABI1|AQshelf|AJDune|",
	"01N20240501    101530AOCPL|ALstolen|AAP1|AC|",
	"9900302.00",
	"98YYYYNN60000320240501    1015302.00AOCPL|AMCentral|BXYYYYYYYYYYYNYYYY|",
	"97", "96", "9300CNu|COp|", "941",
	"6300120240501    101530   Y      AOCPL|AAP1|AC|AD|BP1|BQ20|",
	"64              00120240501    101530000000010002    00040000AOCPL|AAP1|AEJo Doe|BLY|BV15.50|AV104 Lost 12.50|AV105 Late 3.00|",
	"3520240501    101530AOCPL|AAP1|", "36Y20240501    101530AOCPL|AAP1|",
	"3720240501    1015300402EURBV2.50|AOCPL|AAP1|", "38N20240501   Z101530AOCPL|AAP1|AFno|",
	"1720240501    101530AOCPL|ABI1|", "1803000120240501    101530ABI1|AJDune|",
	"1920240501    101530AOCPL|ABI1|CHx|", "20120240501    101530ABI1|",
	"2520240501    101530AOCPL|AAP1|", "26              00120240501    101530AOCPL|AAP1|AEJo|",
	"15+20240501    101530AOCPL|AAP1|ABI1|", "161Y20240501    101530AOCPL|AAP1|",
	"29NN20240501    101530                  AOCPL|AAP1|ABI1|", "301YNN20240501    101530AOCPL|AAP1|ABI1|AJDune|AH15 May|",
	"6520240501    101530AOCPL|AAP1|", "6610002000120240501    101530AOCPL|BMI1|BMI2|BNI3|",
}

func TestEveryMessageOfTheDocumentIsExplainedWithoutProblems(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range messages {
		d := Decode([]byte(line), "")
		if len(d.Problems) > 0 {
			t.Errorf("%s: %q", line, d.Problems)
		}
		layout, _ := wire.LayoutOf(d.Message)
		if d.Name != layout.Name || len(d.Fixed) != len(layout.Fixed) {
			t.Errorf("%s: %+v", line, d)
		}
		for _, f := range layout.Fixed {
			if len(d.Fixed[f.Name]) != f.Width {
				t.Errorf("%s: %s is %q", line, f.Name, d.Fixed[f.Name])
			}
		}
		seen[d.Message] = true
	}
	for _, l := range wire.Layouts() {
		if !seen[l.Code] {
			t.Errorf("no example of %s %s", l.Code, l.Name)
		}
	}
}

func TestProblemsAreSaidInPlainSentences(t *testing.T) {
	for line, want := range map[string]string{
		"38?20240501    101530AOCPL|AAP1|":          "payment_accepted is neither Y nor N",
		"38Y2024-05-01 10:15:3AOCPL|AAP1|":          "transaction_date is no date",
		"38Y20240501    101530AOCPL|":               "AA is missing",
		"38Y2024":                                   "ends inside its fixed part",
		"38Y20240501    101530AOCPL|AAP1|AY1AZ0000": "checksum is wrong",
		"55x": "not in the SIP2 document",
		"942": "neither 0 nor 1",
	} {
		d := Decode([]byte(line), "")
		all := strings.Join(d.Problems, " ")
		if !strings.Contains(all, want) {
			t.Errorf("%s: %q does not say %q", line, d.Problems, want)
		}
		for _, p := range d.Problems {
			if !strings.HasSuffix(p, ".") || strings.ToUpper(p[:1]) != p[:1] {
				t.Errorf("%s: %q is no sentence", line, p)
			}
		}
	}
}

func TestCardNumbersAndPasswordsAreMaskedAndPatronsShown(t *testing.T) {
	for value, want := range map[string]string{
		"AA4111111111111111":                    "4111111111111111",
		"AF4111111111111111":                    "************1111",
		"AFpaid with 4111 1111 1111 1111 ok":    "paid with **** **** **** 1111 ok",
		"AF20240501 4111-1111-1111-1111":        "20240501 ****-****-****-1111",
		"AF4111111111111112":                    "4111111111111112",
		"AF378282246310005":                     "***********0005",
		"AF42":                                  "42",
		"ADsecret":                              "****",
		"ADse|cret":                             "****",
		"AD":                                    "",
		"BK41111111111111114111111111111111":    "41111111111111114111111111111111",
		"AF4222222222222 then 6011111111111117": "*********2222 then ************1117",
	} {
		d := Decode([]byte("38Y20240501    101530AOCPL|"+value+"|"), "")
		if got := d.Fields[1].Value; got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func TestCharacterSetIsChosenOrFound(t *testing.T) {
	const head = "36Y20240501    101530AOCPL|AAP1|AF"
	for _, c := range []struct {
		bytes   string
		charset wire.Charset
		want    string
	}{{"Müller", "", "Müller"}, {"M\xfcller", "", "Müller"}, {"M\x81ller", wire.CP850, "Müller"}, {"M\xfcller", wire.ASCII, "M\uFFFDller"}} {
		d := Decode([]byte(head+c.bytes+"|"), c.charset)
		if got := d.Fields[2].Value; got != c.want {
			t.Errorf("%q in %s: %q", c.bytes, c.charset, got)
		}
	}
}

func TestStreamIsExplainedMessageByMessage(t *testing.T) {
	for name, c := range map[string]struct{ stream, codes, problem string }{
		"CR":           {"941\r9900302.00\r", "94 99", ""},
		"CR LF":        {"941\r\n9900302.00\r\n", "94 99", ""},
		"LF only":      {"941\n9900302.00\n", "94 99", ""},
		"no end":       {"941", "94", ""},
		"cut":          {"941\r9900302.00", "94 99", "no end"},
		"too long":     {strings.Repeat("9", wire.DefaultLimit+1) + "\r941\r", " 94", "left out"},
		"nothing":      {"\r\n\r\n", "", ""},
		"nothing more": {"", "", ""},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.stream), iotest.HalfReader(strings.NewReader(c.stream))} {
			var codes, problems []string
			err := DecodeStream(r, Auto, func(d Document) {
				codes = append(codes, d.Message)
				problems = append(problems, d.Problems...)
			})
			if got := strings.Join(codes, " "); err != nil || got != c.codes {
				t.Errorf("%s: %q %v", name, got, err)
			}
			if !strings.Contains(strings.Join(problems, " "), c.problem) || (c.problem == "") != (len(problems) == 0) {
				t.Errorf("%s: problems %q", name, problems)
			}
		}
	}
	broken := errors.New("broken")
	if err := DecodeStream(iotest.ErrReader(broken), "", func(Document) {}); !errors.Is(err, broken) {
		t.Errorf("DecodeStream = %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, line := range messages {
		f.Add([]byte(line))
	}
	f.Add([]byte("38Y20240501    101530AOCPL|AAP1001|BKK1-000042|AY3AZF3C9\r\n"))
	f.Add([]byte("Problems|ADsecret|AF4111 1111 1111 1111|"))
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, charset := range []wire.Charset{"", wire.UTF8, wire.CP850, wire.ASCII} {
			d := Decode(line, charset)
			if d.Fixed == nil || d.Fields == nil || d.Problems == nil {
				t.Fatalf("%q: a list is null", line)
			}
			for _, field := range d.Fields {
				if (field.ID == "AD" || field.ID == "CO") && field.Value != "" && field.Value != masked {
					t.Fatalf("%q: a password is shown", line)
				}
			}
			if _, err := json.Marshal(d); err != nil {
				t.Fatal(err)
			}
		}
		if err := DecodeStream(strings.NewReader(string(line)), "", func(Document) {}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestALongHostileLineIsExplainedInTime(t *testing.T) {
	for _, piece := range []string{"|x", "AF1 1-1|", "AF41111111111111 1|", "1 ", "1", "AD|"} {
		line := "36Y20240501    101530AO" + strings.Repeat(piece, (wire.DefaultLimit-100)/len(piece))
		if d := Decode([]byte(line), ""); d.Message != "36" || len(d.Problems) > 10 {
			t.Errorf("%q: %d problems", piece, len(d.Problems))
		}
	}
}
