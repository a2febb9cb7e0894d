package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/drivers/caisseap"
	"selfpay/drivers/ecr17"
	escposdecode "selfpay/drivers/escpos/decode"
	"selfpay/drivers/mdb"
	"selfpay/drivers/plugged"
	"selfpay/drivers/trace"
	zvtdecode "selfpay/drivers/zvt/decode"
	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/health"
	"selfpay/kiosk/ils/probe"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	"selfpay/kiosk/supervisor"
	sipdecode "selfpay/sip/decode"
)

const jsonDocument = "../../docs/json.md"

// detail is control.Detail with events that are not told apart yet.
type detail struct {
	Payment payment.Payment `json:"payment"`
	Events  []struct {
		Sequence int64           `json:"sequence"`
		Kind     string          `json:"kind"`
		Event    json.RawMessage `json:"event"`
	} `json:"events"`
	Story report.Story `json:"story"`
}

// shapes are the Go types behind the headings of the document; a heading may have several.
var shapes = map[string][]reflect.Type{
	"service-code key":  {reflect.TypeFor[serviceKey]()},
	"service-code make": {reflect.TypeFor[serviceCode]()},
	"status":            {reflect.TypeFor[control.Status]()},
	"item":              {reflect.TypeFor[control.Item]()},
	"order":             {reflect.TypeFor[done]()},
	"payment":           {reflect.TypeFor[detail]()},
	"report day":        {reflect.TypeFor[control.Report]()},
	"ledger export":     {reflect.TypeFor[control.Exported]()},
	"privacy erase":     {reflect.TypeFor[control.Erased]()},
	"case confirm":      {reflect.TypeFor[report.Posting]()},
	"end of day":        {reflect.TypeFor[control.DayClosed]()},
	"ledger verify":     {reflect.TypeFor[control.Verified](), reflect.TypeFor[control.Verified]()},
	"ledger notes":      {reflect.TypeFor[ledger.Note]()},
	"update status":     {reflect.TypeFor[UpdateStatus]()},
	"bundle":            {reflect.TypeFor[Supported]()},
	"update check":      {reflect.TypeFor[UpdateCheck]()},
	"ledger states":     {reflect.TypeFor[payment.Move]()},
	"config check":      {reflect.TypeFor[config.Mistake](), reflect.TypeFor[done]()},
	"devices":           {reflect.TypeFor[supervisor.State]()},
	"devices --found":   {reflect.TypeFor[plugged.Device]()},
	"printer":           {reflect.TypeFor[control.Printed]()},
	"doctor":            {reflect.TypeFor[finding]()},
	"health":            {reflect.TypeFor[health.Document]()},
	"ils status":        {reflect.TypeFor[libraryStatus](), reflect.TypeFor[routeStatus]()},
	"ils probe":         {reflect.TypeFor[probe.Result](), reflect.TypeFor[probeEnd]()},
	"ils login":         {reflect.TypeFor[libraryLogin]()},
	"ils patron":        {reflect.TypeFor[libraryPatron]()},
	"ils fees":          {reflect.TypeFor[libraryFee]()},
	"ils proxy":         {reflect.TypeFor[proxied]()},
	"trace terminal":    {reflect.TypeFor[trace.Message]()},
	"decode sip2":       {reflect.TypeFor[sipdecode.Document]()},
	"decode escpos":     {reflect.TypeFor[escposdecode.Event]()},
	"decode mdb":        {reflect.TypeFor[mdb.Document]()},
	"decode ecr17":      {reflect.TypeFor[ecr17.Document]()},
	"decode caisse":     {reflect.TypeFor[caisseap.Document]()},
	"decode zvt":        {reflect.TypeFor[zvtdecode.Document]()},
	"kiosksim books":    {reflect.TypeFor[surround.Books]()},
}

// section is one heading of the document with its text and its examples.
type section struct {
	text     string
	examples []string
}

func sections(t *testing.T) map[string]section {
	t.Helper()
	text, err := os.ReadFile(jsonDocument)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]section{}
	fence := regexp.MustCompile("(?s)```json\n(.*?)```")
	for _, part := range strings.Split("\n"+string(text), "\n## ")[1:] {
		heading, body, _ := strings.Cut(part, "\n")
		s := section{text: body}
		for _, example := range fence.FindAllStringSubmatch(body, -1) {
			s.examples = append(s.examples, example[1])
		}
		found[heading] = s
	}
	return found
}

// strictly decodes an example into a type; a key that the type does not have is an error.
func strictly(example string, into reflect.Type) error {
	in := json.NewDecoder(strings.NewReader(example))
	in.DisallowUnknownFields()
	if err := in.Decode(reflect.New(into).Interface()); err != nil {
		return err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one document")
	}
	return nil
}

// keys collects the JSON keys of a type and of all types in it.
func keys(of reflect.Type, found map[string]bool) map[string]bool {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return keys(of.Elem(), found)
	case reflect.Struct:
		for i := range of.NumField() {
			f := of.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" {
				continue // not printed
			}
			known := found[name]
			if name != "" {
				found[name] = true
			}
			if f.Anonymous || name != "" && !(known && f.Type.Kind() == reflect.Slice && f.Type.Elem() == of) { // a type may hold itself
				keys(f.Type, found)
			}
		}
	}
	return found
}

func TestEveryExampleFitsItsTypeStrictly(t *testing.T) {
	found := sections(t)
	for heading, types := range shapes {
		s, known := found[heading]
		if !known || len(s.examples) != len(types) {
			t.Errorf("%q has %d examples, want %d", heading, len(s.examples), len(types))
			continue
		}
		for i, example := range s.examples {
			if err := strictly(example, types[i]); err != nil {
				t.Errorf("%q, example %d: %v", heading, i+1, err)
			}
		}
	}
	for heading, s := range found {
		if len(s.examples) > 0 && shapes[heading] == nil && heading != "kiosksim patron" {
			t.Errorf("%q is held to no type", heading)
		}
	}
}

func TestEveryKeyOfATypeStandsInTheDocument(t *testing.T) {
	found := sections(t)
	for heading, types := range shapes {
		for _, shape := range types[:1] { // what else a heading has is told in full by its example
			for _, key := range slices.Sorted(maps.Keys(keys(shape, map[string]bool{}))) {
				if text := found[heading].text; !strings.Contains(text, `"`+key+`"`) && !strings.Contains(text, "`"+key+"`") {
					t.Errorf("%q does not tell of %q", heading, key)
				}
			}
		}
	}
}

func TestTheExampleOfAPaymentHoldsWellFormedEvents(t *testing.T) {
	var d detail
	if err := json.Unmarshal([]byte(sections(t)["payment"].examples[0]), &d); err != nil {
		t.Fatal(err)
	}
	for _, e := range d.Events {
		decoded, err := payment.Decode(e.Kind, e.Event)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := strictly(string(e.Event), reflect.TypeOf(decoded)); err != nil {
			t.Errorf("%s: %v", e.Kind, err)
		}
	}
}

func TestEveryKindOfEventStandsInTheDocumentWithItsKeys(t *testing.T) {
	told := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)\\|$").FindAllStringSubmatch(sections(t)["payment"].text, -1) {
		told[row[1]] = strings.Join(strings.Fields(strings.ReplaceAll(row[2], "`", "")), " ")
	}
	kinds := literalKeys(t, "../../kiosk/payment/event.go", "kinds")
	if len(kinds) < 20 {
		t.Fatalf("only %d kinds were found", len(kinds))
	}
	for _, kind := range kinds {
		e, err := payment.Decode(kind, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for i := range reflect.TypeOf(e).NumField() {
			if name, _, _ := strings.Cut(reflect.TypeOf(e).Field(i).Tag.Get("json"), ","); name != "" {
				names = append(names, name)
			}
		}
		if want := strings.Join(names, " "); told[kind] != want {
			t.Errorf("event %q has the keys %q, the document tells %q", kind, want, told[kind])
		}
		delete(told, kind)
	}
	for kind := range told {
		t.Errorf("there is no event %q", kind)
	}
}

// literalKeys are the keys of a map literal in a file.
func literalKeys(t *testing.T, path, name string) []string {
	t.Helper()
	var found []string
	ast.Inspect(parsed(t, path), func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Names) != 1 || v.Names[0].Name != name {
			return true
		}
		for _, element := range v.Values[0].(*ast.CompositeLit).Elts {
			key, err := strconv.Unquote(element.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, key)
		}
		return false
	})
	return found
}

func parsed(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// What kiosksim patron prints belongs to another program, so its keys are read from its source.
func TestTheVisitOfAPatronStandsInTheDocument(t *testing.T) {
	want := map[string]bool{}
	ast.Inspect(parsed(t, "../kiosksim/patron.go"), func(n ast.Node) bool {
		s, ok := n.(*ast.TypeSpec)
		if !ok || s.Name.Name != "visit" && s.Name.Name != "seen" {
			return true
		}
		for _, f := range s.Type.(*ast.StructType).Fields.List {
			tag, err := strconv.Unquote(f.Tag.Value)
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			want[name] = true
		}
		return false
	})
	s := sections(t)["kiosksim patron"]
	if len(s.examples) != 1 || len(want) < 8 {
		t.Fatalf("%d examples, keys %v", len(s.examples), want)
	}
	var shown any
	if err := json.Unmarshal([]byte(s.examples[0]), &shown); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	collect(shown, got)
	if !maps.Equal(got, want) {
		t.Errorf("the example has the keys %v, the program %v", got, want)
	}
}

// collect gathers the keys of a document.
func collect(v any, found map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			found[key] = true
			collect(inner, found)
		}
	case []any:
		for _, inner := range v {
			collect(inner, found)
		}
	}
}

func TestADocumentStandsOnOneLine(t *testing.T) {
	var out bytes.Buffer
	w := &tool{out: &out}
	if err := w.document(control.Verified{OK: true, Problem: "a\nb"}); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%q, %v", out.String(), err)
	}
}
