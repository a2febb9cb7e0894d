package sip_test

import (
	"bufio"
	"fmt"
	"net"
	"time"

	"selfpay/sip"
	"selfpay/sip/wire"
)

func ExampleFeePaid() {
	paid := sip.FeePaid{
		At:      time.Date(2024, 5, 1, 10, 15, 30, 0, time.UTC),
		FeeType: sip.FeeOverdue, PaymentType: sip.PaidCreditCard, Currency: "EUR", Amount: "2.50",
		Institution: "CPL", Patron: "P1001", Fee: "104", Transaction: "4821-000042-01",
	}
	m, err := paid.Encode()
	if err != nil {
		panic(err)
	}
	m.Sequence, m.Checksum = 3, wire.OK
	line, err := wire.Format{Charset: wire.Latin1}.Encode(m)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%q\n", line)
	// Output: "3720240501    1015300402EURBV2.50|CG104|BK4821-000042-01|AOCPL|AC|AD|AAP1001|AY3AZEC1B\r"
}

// What is not known is kept, and written again at its place.
func ExampleParsePatronInformationResponse() {
	m, err := wire.Format{}.Parse([]byte("64              00120240501    101530000000000000000100000000AOCPL|AAP1001|AEJo Doe|BLY|BV12.50|" +
		"CG0bab56e5-1ab6-4ac2-afdf-8b2df0434378|FA12.50|FDMomo|AFWelcome|"))
	if err != nil {
		panic(err)
	}
	r, err := sip.ParsePatronInformationResponse(m)
	if err != nil {
		panic(err)
	}
	fmt.Println(r.Patron, r.Fees, r.FineItems, r.Screen)
	for _, f := range r.Fields[5:8] {
		fmt.Println(f.ID, f.Value)
	}
	r.Screen = []string{"Willkommen"}
	again, err := r.Encode()
	if err != nil {
		panic(err)
	}
	line, err := wire.Format{}.Encode(again)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", line[len(line)-22:len(line)-1])
	// Output:
	// P1001 12.50 1 [Welcome]
	// CG 0bab56e5-1ab6-4ac2-afdf-8b2df0434378
	// FA 12.50
	// FD Momo
	// |FDMomo|AFWillkommen|
}

// serve answers one connection: cut the stream into lines, read each, switch on its type, answer with the request's
// number and checksum.
func serve(conn net.Conn) error {
	defer conn.Close()
	var decoder wire.Decoder
	format := wire.Format{Charset: wire.UTF8, Terminator: "\r\n"}
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return err
		}
		decoder.Feed(buffer[:n])
		for {
			line, more, err := decoder.Next()
			if !more {
				break
			}
			answer := answerTo(format, line, err)
			b, err := format.Encode(answer)
			if err != nil {
				return err
			}
			if _, err := conn.Write(b); err != nil { // one message, one write
				return err
			}
		}
	}
}

func answerTo(format wire.Format, line []byte, err error) wire.Message {
	again := wire.Message{Code: "96", Sequence: wire.NoSequence, Checksum: wire.OK}
	if err != nil {
		return again
	}
	m, err := format.Parse(line)
	if err != nil || m.Checksum == wire.Bad {
		return again
	}
	request, err := sip.Parse(m)
	if err != nil {
		return again
	}
	var response sip.Message
	switch r := request.(type) {
	case sip.Login:
		response = sip.LoginResponse{OK: r.User == "kiosk"}
	case sip.SCStatus:
		response = sip.ACSStatus{OnLine: true, Timeout: 100, Retries: 3, Institution: "CPL", Messages: "NNNNYYYNNNNNNNNN"}
	default:
		return again
	}
	answer, err := response.Encode()
	if err != nil {
		return again
	}
	return answer.Answering(m)
}

// Writing a server takes a loop over lines and a switch over messages.
func ExampleParse_server() {
	unit, library := net.Pipe()
	go func() { _ = serve(library) }()
	defer unit.Close()
	answers := bufio.NewReader(unit)
	for _, request := range []string{"9300CNkiosk|COword|AY0AZF7D7\r", "9900302.00AY1AZFCA5\r", "9900302.00AY1AZ0000\r"} {
		if _, err := unit.Write([]byte(request)); err != nil {
			panic(err)
		}
		answer, err := answers.ReadString('\n')
		if err != nil {
			panic(err)
		}
		fmt.Printf("%q\n", answer)
	}
	// Output:
	// "941AY0AZFDFD\r\n"
	// "98YNNNNN100003                  2.00AOCPL|BXNNNNYYYNNNNNNNNN|AY1AZF024\r\n"
	// "96AZFEF6\r\n"
}
