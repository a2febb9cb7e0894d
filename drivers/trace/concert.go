package trace

import (
	"bytes"
	"fmt"
	"strings"

	"selfpay/drivers/concert"
)

// ConcertDocument is what one side said on a line of Concert. Text has the signs by their names and the messages as they are, but for the
// report of an answer, which may hold card data.
type ConcertDocument struct {
	Text     string   `json:"text"`
	Problems []string `json:"problems"`
}

var concertSigns = map[byte]string{concert.ENQ: "ENQ", concert.ACK: "ACK", concert.NAK: "NAK", concert.EOT: "EOT", concert.STX: "STX", concert.ETX: "ETX"}

func concertLine(b []byte) any {
	d := ConcertDocument{Problems: []string{}}
	var words []string
	for len(b) > 0 {
		if n := concertNoise(b); n > 0 {
			d.Problems = append(d.Problems, fmt.Sprintf("%d bytes belong to no message", n))
			b = b[n:]
			continue
		}
		size := concertFrame(b)
		words = append(words, concertSigns[b[0]])
		if size > 1 {
			message, problem := concertMessage(b[:size])
			words = append(words, message, concertSigns[concert.ETX])
			d.Problems = append(d.Problems, problem...)
		}
		b = b[size:]
	}
	d.Text = strings.Join(words, " ")
	return d
}

// concertNoise is how many bytes stand before the next sign.
func concertNoise(b []byte) (n int) {
	for n < len(b) && concertSigns[b[n]] == "" {
		n++
	}
	return n
}

// concertFrame is how many bytes the frame has that begins here, with its check sum; 1 where none does.
func concertFrame(b []byte) int {
	end := bytes.IndexByte(b, concert.ETX)
	if b[0] != concert.STX || end < 0 || end+2 > len(b) {
		return 1
	}
	return end + 2
}

// concertMessage shows the message of a frame, or what is wrong with it.
func concertMessage(frame []byte) (shown string, problem []string) {
	message, err := concert.ParseFrame(frame)
	if err != nil {
		return characters(len(frame) - 3), []string{strings.TrimPrefix(err.Error(), concert.ErrMalformed.Error()+": ")}
	}
	if _, err := concert.ParseRequest(message); err == nil {
		return string(message), nil
	}
	a, err := concert.ParseAnswer(message)
	if err != nil {
		return characters(len(message)), []string{"this is no request and no answer"}
	}
	if a.Report != "" {
		a.Report = "(" + characters(len(a.Report)) + ")"
	}
	return string(a.Bytes()), nil
}
