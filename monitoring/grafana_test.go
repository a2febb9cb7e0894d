package monitoring_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// dashboard is what a test looks at of Grafana's form.
type dashboard struct {
	UID, Title string
	Templating struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Annotations struct{ List []struct{ Name, Expr string } }
	Panels      []panel
}

type panel struct {
	ID          int
	Type, Title string
	Datasource  struct{ Type, UID string }
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct{ Expr string }
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "grafana/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// testDashboard asks a real Prometheus, which sees stations with every check, everything that the dashboard asks.
func testDashboard(t *testing.T, p *server) {
	t.Helper()
	d := readDashboard(t)
	variables := strings.NewReplacer("$instance", ".*", "$__rate_interval", "1m")
	asked := 0
	ask := func(what, query string) {
		t.Helper()
		query = variables.Replace(query)
		if strings.Contains(query, "$") {
			t.Errorf("%s: a variable is not known here: %s", what, query)
			return
		}
		asked++
		if len(p.query(query)) == 0 {
			t.Errorf("%s: nothing is found by %s", what, query)
		}
	}
	for _, panel := range d.Panels {
		for _, target := range panel.Targets {
			ask(panel.Title, target.Expr)
		}
	}
	for _, a := range d.Annotations.List {
		ask(a.Name, a.Expr)
	}
	values := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			found := values.FindStringSubmatch(fmt.Sprint(v.Query.(map[string]any)["query"]))
			if found == nil {
				t.Errorf("the query of %s is not understood here", v.Name)
				continue
			}
			ask(v.Name, fmt.Sprintf("%s{%s!=\"\"}", found[1], found[2]))
		}
	}
	if asked < 20 {
		t.Errorf("only %d queries were asked", asked)
	}
}

func TestTheDashboardIsLaidOutWell(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || len(d.Panels) == 0 {
		t.Errorf("%q %q with %d panels", d.UID, d.Title, len(d.Panels))
	}
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("panel %d %q: %+v", p.ID, p.Title, p)
		}
		ids[p.ID] = true
		if p.GridPos.W < 1 || p.GridPos.H < 1 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("%s has no place: %+v", p.Title, p.GridPos)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := taken[at]; other != "" {
					t.Fatalf("%s lies over %s", p.Title, other)
				}
				taken[at] = p.Title
			}
		}
	}
}
