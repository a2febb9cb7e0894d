package sip

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"selfpay/sip/wire"
)

// drawn is a message of the example's type with values drawn at random, all of which the message can say.
func drawn(r *rand.Rand, example Message) Message {
	v := reflect.New(reflect.TypeOf(example)).Elem()
	for i := range v.NumField() {
		draw(r, v.Type().Field(i).Name, v.Field(i))
	}
	return v.Interface().(Message)
}

func draw(r *rand.Rand, name string, v reflect.Value) {
	chars := func(of string, least, most int) string {
		var b strings.Builder
		for range least + r.IntN(most-least+1) {
			b.WriteRune([]rune(of)[r.IntN(len([]rune(of)))])
		}
		return b.String()
	}
	const digits, capitals, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcXYZ 0189 -_#;:,.$&/'\"<=AYAZ€üéŽ図"
	widths := map[reflect.Type]int{reflect.TypeFor[Language](): 3, reflect.TypeFor[FeeType](): 2, reflect.TypeFor[PaymentType](): 2, reflect.TypeFor[CirculationStatus](): 2,
		reflect.TypeFor[SecurityMarker](): 2, reflect.TypeFor[MediaType](): 3, reflect.TypeFor[HoldType](): 1, reflect.TypeFor[Algorithm](): 1, reflect.TypeFor[AlertType](): 2}
	switch p := v.Addr().Interface().(type) {
	case *Received: // made here
	case *bool:
		*p = r.IntN(2) == 0
	case *time.Time: // at noon, so that it stands once in the clock of every place
		if name == "At" || r.IntN(4) > 0 {
			*p = time.Date(2000+r.IntN(100), time.Month(1+r.IntN(12)), 1+r.IntN(28), 12, r.IntN(60), r.IntN(60), 0, time.Local)
		}
	case *Answer:
		if *p = Answer(r.IntN(4)); *p == AnswerNone && (name == "MagneticMedia" || name == "Desensitize") {
			*p = AnswerUnknown // the fixed part has no other word
		}
	case *Number:
		if r.IntN(2) == 0 {
			*p = Some(r.IntN(10000))
		}
	case *PatronStatus:
		for i := range p {
			p[i] = r.IntN(2) == 0
		}
	case *[]string:
		for range r.IntN(4) {
			*p = append(*p, chars(letters, 0, 60))
		}
	case *List:
		*p = List(r.IntN(11) - 1)
	case *Order:
		*p = []Order{PatronLast, Canonical}[r.IntN(2)]
	case *SCStatusCode:
		*p = SCStatusCode(r.IntN(10))
	case *int:
		switch name {
		case "Start", "End":
			*p = r.IntN(10000)
		case "MaxPrintWidth", "Timeout", "Retries":
			*p = r.IntN(1000) - 1
		default:
			*p = r.IntN(10001) - 1 // Unknown too
		}
	case *HoldMode:
		*p = []HoldMode{HoldAdd, HoldDelete, HoldChange}[r.IntN(3)]
	case *Currency:
		*p = Currency(chars(capitals, 3, 3))
	case *string:
		switch name {
		case "Version":
			*p = chars(digits, 1, 1) + "." + chars(digits, 2, 2)
		case "Amount":
			*p = fmt.Sprintf("%d.%02d", r.IntN(10000), 1+r.IntN(99))
		case "Patron", "User":
			*p = chars(letters, 1, 60)
		default:
			*p = chars(letters, 0, 255)
		}
	default:
		if widths[v.Type()] == 0 {
			panic("nothing is drawn for " + v.Type().String())
		}
		v.SetString(chars(digits, widths[v.Type()], widths[v.Type()]))
	}
}

func TestGeneratedMessagesReadBackAsTheyWereWritten(t *testing.T) {
	types := map[string]Message{}
	for _, example := range examples() {
		m, err := example.Encode()
		if err != nil {
			t.Fatal(err)
		}
		types[m.Code] = example
	}
	for _, l := range wire.Layouts() {
		t.Run(l.Code+" "+l.Name, func(t *testing.T) {
			for seed := range uint64(300) {
				r := rand.New(rand.NewPCG(seed, 0))
				message := drawn(r, types[l.Code])
				first := written(t, message, r.IntN(10))
				line := parse(t, first)
				if len(line.Problems) > 0 || line.Checksum != wire.OK {
					t.Fatalf("%s: %v %q", first, line.Checksum, line.Problems)
				}
				read, err := Parse(line)
				if err != nil || !reflect.DeepEqual(bare(read), bare(message)) {
					t.Fatalf("%s\n read %+v %v\nwrote %+v", first, read, err, message)
				}
				if again := written(t, read, line.Sequence); !bytes.Equal(again, first) {
					t.Fatalf("written %s\n  again %s", first, again)
				}
			}
		})
	}
}

func written(t *testing.T, message Message, sequence int) []byte {
	t.Helper()
	m, err := message.Encode()
	if err != nil {
		t.Fatalf("%+v: %v", message, err)
	}
	m.Sequence, m.Checksum = sequence, wire.OK
	b, err := wire.Format{}.Encode(m)
	if err != nil {
		t.Fatalf("%+v: %v", message, err)
	}
	return b
}
