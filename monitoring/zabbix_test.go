package monitoring_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// template is what a test looks at of Zabbix's form.
type template struct {
	Export struct {
		Version   string
		Templates []struct {
			Template       string
			Items          []zabbixItem
			DiscoveryRules []struct {
				zabbixItem     `yaml:",inline"`
				ItemPrototypes []zabbixItem `yaml:"item_prototypes"`
				Paths          []struct {
					Macro string `yaml:"lld_macro"`
					Path  string
				} `yaml:"lld_macro_paths"`
			} `yaml:"discovery_rules"`
		}
	} `yaml:"zabbix_export"`
}

type zabbixItem struct {
	UUID, Name, Key, Type string
	URL                   string
	Preprocessing         []struct {
		Type       string
		Parameters []string
		OnError    string `yaml:"error_handler"`
	}
	Master            struct{ Key string } `yaml:"master_item"`
	Triggers          []zabbixTrigger
	TriggerPrototypes []zabbixTrigger `yaml:"trigger_prototypes"`
}

type zabbixTrigger struct{ UUID, Name, Expression string }

// at follows a path such as $.checks['ils:link'][0].status in a document.
func at(document any, path string) (any, error) {
	rest, found := strings.CutPrefix(path, "$")
	if !found {
		return nil, fmt.Errorf("%s begins nowhere", path)
	}
	step := regexp.MustCompile(`^(?:\.(\w+)|\['([^']+)'\]|\[(\d+)\])`)
	for rest != "" {
		m := step.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%s is not understood from %q on", path, rest)
		}
		rest = rest[len(m[0]):]
		if n, err := strconv.Atoi(m[3]); err == nil {
			list, ok := document.([]any)
			if !ok || n >= len(list) {
				return nil, fmt.Errorf("%s: there is no %s", path, m[0])
			}
			document = list[n]
			continue
		}
		object, ok := document.(map[string]any)
		if !ok || object[m[1]+m[2]] == nil {
			return nil, fmt.Errorf("%s: there is no %s", path, m[0])
		}
		document = object[m[1]+m[2]]
	}
	return document, nil
}

func readTemplate(t *testing.T) template {
	t.Helper()
	var f template
	if err := yaml.Unmarshal([]byte(read(t, "zabbix/template.yaml")), &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Export.Templates) != 1 || len(f.Export.Templates[0].DiscoveryRules) != 1 {
		t.Fatalf("%+v", f)
	}
	return f
}

// Each item of the template finds something in a document of a real station; what a check need not have may be missing.
func TestTheItemsOfZabbixStandInTheDocument(t *testing.T) {
	text := document(t, busy(t))
	var d any
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	all := readTemplate(t).Export.Templates[0]
	for _, item := range all.Items {
		if item.Type != "DEPENDENT" {
			continue
		}
		if _, err := at(d, item.Preprocessing[0].Parameters[0]); err != nil || item.Preprocessing[0].Type != "JSONPATH" {
			t.Errorf("%s: %v", item.Key, err)
		}
	}
	rule := all.DiscoveryRules[0]
	checks := discovered(t, rule.Preprocessing[0].Parameters[0], text, rule.Paths[0].Path)
	want := slices.Sorted(slices.Values(allChecks(t)))
	if !slices.Equal(checks, want) {
		t.Errorf("discovered %q, want %q", checks, want)
	}
	for _, item := range rule.ItemPrototypes {
		found := 0
		for _, check := range checks {
			_, err := at(d, strings.ReplaceAll(item.Preprocessing[0].Parameters[0], rule.Paths[0].Macro, check))
			if err == nil {
				found++
			}
			if err != nil && (item.Preprocessing[0].OnError == "" || strings.HasSuffix(item.Preprocessing[0].Parameters[0], ".status")) {
				t.Errorf("%s: %v", item.Key, err)
			}
		}
		if found == 0 {
			t.Errorf("%s is found nowhere", item.Key)
		}
	}
}

// discovered runs the script of the discovery, as Zabbix does, and follows the macro's path.
func discovered(t *testing.T, script string, document []byte, path string) []string {
	t.Helper()
	node := exec.Command("node", "-e", "const text = require('fs').readFileSync(0, 'utf8'); console.log((function (value) {"+script+"})(text))")
	node.Stdin = strings.NewReader(string(document))
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var rows []any
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var names []string
	for _, row := range rows {
		name, err := at(row, path)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
	}
	slices.Sort(names)
	return names
}

// Zabbix refuses a file in which an identifier is twice, or a trigger speaks of an item that is not there.
func TestTheTemplateHangsTogether(t *testing.T) {
	all := readTemplate(t).Export.Templates[0]
	uuid := regexp.MustCompile(`^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$`)
	seen, keys := map[string]bool{}, map[string]bool{}
	var triggers []zabbixTrigger
	rule := all.DiscoveryRules[0]
	items := append(append([]zabbixItem{rule.zabbixItem}, all.Items...), rule.ItemPrototypes...)
	for _, i := range items {
		keys[i.Key] = true
		triggers = append(triggers, append(i.Triggers, i.TriggerPrototypes...)...)
	}
	for _, i := range items {
		if !uuid.MatchString(i.UUID) || seen[i.UUID] || i.Type == "DEPENDENT" && !keys[i.Master.Key] {
			t.Errorf("%+v", i)
		}
		seen[i.UUID] = true
	}
	reference := regexp.MustCompile(`/` + regexp.QuoteMeta(all.Template) + `/([\w.]+(?:\[[^\]]*\])?)`)
	for _, trigger := range triggers {
		named := reference.FindAllStringSubmatch(trigger.Expression, -1)
		if !uuid.MatchString(trigger.UUID) || seen[trigger.UUID] || len(named) == 0 {
			t.Errorf("%+v", trigger)
		}
		seen[trigger.UUID] = true
		for _, n := range named {
			if !keys[n[1]] {
				t.Errorf("%s: there is no item %s", trigger.Name, n[1])
			}
		}
	}
	if len(triggers) < 5 {
		t.Errorf("only %d triggers", len(triggers))
	}
}
