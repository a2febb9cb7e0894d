package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// docs/configure.md is the manual page kiosk.toml(5) too.
func TestEveryKeyIsToldInTheManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/configure.md")
	if err != nil {
		t.Fatal(err)
	}
	// the first cell of each row: `ils.login`, `ils.password`, or `gpio.green`, `amber`
	told := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cell, _, found := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if !found || !strings.HasPrefix(line, "| `") {
			continue
		}
		table := ""
		for _, key := range strings.Split(cell, ", ") {
			key = strings.Trim(key, "`")
			if at := strings.LastIndex(key, "."); at >= 0 {
				table = key[:at+1]
			} else {
				key = table + key
			}
			told[key] = true
		}
	}
	var look func(of reflect.Type, table string)
	look = func(of reflect.Type, table string) {
		for _, field := range reflect.VisibleFields(of) {
			key := table + field.Tag.Get("toml")
			switch {
			case isTable(field.Type):
				look(field.Type, key+".")
			case !told[key]:
				t.Errorf("docs/configure.md does not tell of %s", key)
			}
		}
	}
	look(reflect.TypeFor[Config](), "")
}
