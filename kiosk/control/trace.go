package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Bounds of a trace.
const (
	MostMinutes = 60
	mostTraces  = 4                // at a time
	traceEnds   = 10 * time.Second // after its time, for what is on its way
)

// TraceMinutes refuses a trace that is too short or too long.
func TraceMinutes(minutes int) error {
	if minutes < 1 || minutes > MostMinutes {
		return fmt.Errorf("a trace lasts 1 to %d minutes", MostMinutes)
	}
	return nil
}

// traceTerminal writes one document on a line for each message, until the time is over, the client is gone or the daemon ends.
func (s *Server) traceTerminal(w http.ResponseWriter, r *http.Request) {
	refuse := func(err error) { answer(func(*http.Request) (any, error) { return nil, err })(w, r) }
	minutes, _ := strconv.Atoi(r.FormValue("minutes")) // 0 is refused
	if err := TraceMinutes(minutes); err != nil {
		refuse(err)
		return
	}
	if s.Trace == nil {
		refuse(errors.New("this station cannot trace its terminal"))
		return
	}
	defer s.tracing.Add(-1)
	if s.tracing.Add(1) > mostTraces {
		refuse(fmt.Errorf("%d traces run already; end one of them, or wait until its time is over", mostTraces))
		return
	}
	within := time.Duration(minutes) * time.Minute
	ctx, done := context.WithTimeout(r.Context(), within)
	defer done()
	out := http.NewResponseController(w)
	out.SetWriteDeadline(time.Now().Add(within + traceEnds)) // a client that takes nothing keeps no place
	w.Header().Set("Content-Type", "application/jsonl")
	w.WriteHeader(http.StatusOK)
	err := out.Flush()
	if err == nil {
		err = s.Trace(ctx, func(document any) error {
			return errors.Join(json.NewEncoder(w).Encode(document), out.Flush())
		})
	}
	if err != nil {
		panic(http.ErrAbortHandler) // the client must not take this for the end of the time
	}
}

// Trace hands out what is said on the terminal's line for so many minutes, message by message as JSON. It calls begun when the daemon
// listens. The error is nil once the time is over.
func (c *Client) Trace(ctx context.Context, minutes int, begun func(), take func(json.RawMessage) error) error {
	if err := TraceMinutes(minutes); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, time.Duration(minutes)*time.Minute+2*traceEnds)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://kioskd/trace/terminal?minutes=%d", minutes), nil)
	if err != nil {
		return err
	}
	patient := http.Client{Transport: c.http.Transport} // it may last longer than any other answer
	answer, err := patient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	begun()
	for documents := json.NewDecoder(answer.Body); ; {
		var d json.RawMessage
		switch err := documents.Decode(&d); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the trace broke off: %w any more: %w", ErrDaemonDown, err)
		}
		if err := take(d); err != nil {
			return err
		}
	}
}
