package escpos

import (
	"log/slog"
	"net"
	"testing"
)

func TestProcessIDOfAnotherReceiptConfirmsNothing(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	l := newLink(near, false, slog.New(slog.DiscardHandler))
	defer l.cut()
	first, second, third := newQuery(), newQuery(), newQuery()
	first.id, second.id, third.id = "0416", "0417", "0418"
	l.complete = []*query{first, second, third}
	l.confirm("0415")
	if l.noise != 1 || len(l.complete) != 3 {
		t.Fatalf("noise %d, %d open", l.noise, len(l.complete))
	}
	// only the newest is sent when nobody read
	l.confirm("0417")
	if len(first.answer) != 1 || len(second.answer) != 1 || len(third.answer) != 0 || len(l.complete) != 1 {
		t.Errorf("answers %d %d %d, %d open", len(first.answer), len(second.answer), len(third.answer), len(l.complete))
	}
	l.forget(third)
	l.confirm("0417")
	if l.cameLate() {
		t.Error("another id passes for the forgotten one")
	}
	l.confirm("0418")
	if len(third.answer) != 0 || l.noise != 3 || !l.cameLate() {
		t.Errorf("a forgotten id: %d answers, noise %d, late %t", len(third.answer), l.noise, l.cameLate())
	}
}
