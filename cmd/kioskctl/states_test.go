package main

import (
	"strings"
	"testing"

	"selfpay/kiosk/payment"
)

func TestLedgerStatesNeedsNoStation(t *testing.T) {
	missing := []string{"--config", t.TempDir() + "/none.toml"}
	people := call(t, "", append(missing, "ledger", "states")...)
	if people.status != 0 || !strings.Contains(people.out, "posting in doubt\n    account read          -> posted") {
		t.Errorf("%+v", people)
	}
	documents := call(t, "", append(missing, "ledger", "states", "--json")...)
	if lines := strings.Count(documents.out, "\n"); documents.status != 0 || lines != len(payment.Moves()) {
		t.Errorf("%d documents for %d moves: %+v", lines, len(payment.Moves()), documents)
	}
	dot := call(t, "", append(missing, "ledger", "states", "--dot")...)
	if dot.status != 0 || !strings.HasPrefix(dot.out, "digraph moves {") || strings.Count(dot.out, " -> ") != len(payment.Moves()) ||
		strings.Count(dot.out, "{") != strings.Count(dot.out, "}") {
		t.Errorf("%+v", dot)
	}
	if both := call(t, "", append(missing, "ledger", "states", "--dot", "--json")...); both.status != exitUsage {
		t.Errorf("%+v", both)
	}
}
