package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

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
