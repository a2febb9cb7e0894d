package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"selfpay/kiosk/config"
	"selfpay/kiosk/health"
)

// The doctor knows how each check is mended that the documentation lists.
func TestTheDoctorHasAFixForEveryCheck(t *testing.T) {
	text, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## The checks\n")
	table, _, _ = strings.Cut(table, "\n## ")
	found := 0
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(table, -1) {
		for _, check := range regexp.MustCompile("`([a-z:-]+:[a-z-]+)`").FindAllStringSubmatch(row[1], -1) {
			found++
			if fixes[check[1]] == "" && check[1] != health.CheckLabels { // which only counts
				t.Errorf("%s has no fix", check[1])
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d checks found", found)
	}
}

func TestTheDoctorSaysWhereSecretsStand(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	c := config.Config{Kiosk: config.Kiosk{State: t.TempDir()}, Health: config.Health{Token: "0123456789abcdef", HeartbeatToken: "credential:hub-token"}}
	found := map[string]finding{}
	for _, f := range stateFindings(c) {
		found[f.Check] = f
	}
	for check, want := range map[string]string{"health token": "in the configuration itself", "hub token": "LoadCredential=hub-token"} {
		if f := found[check]; f.Status != health.Warn || !strings.Contains(f.Found, want) || strings.Contains(f.Found, "0123456789") {
			t.Errorf("%s: %+v", check, f)
		}
	}
	if _, looked := found["ping address"]; looked {
		t.Error("a ping that nobody wants has an address")
	}
}
