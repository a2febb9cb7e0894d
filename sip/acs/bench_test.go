package acs

import (
	"net"
	"testing"
)

// BenchmarkExchanges counts End Patron Session and its answer over a connection in memory, one after the other.
func BenchmarkExchanges(b *testing.B) {
	s, err := New(Config{Mode: Koha, Institution: "CPL", Decimals: 2, Patrons: []Patron{{Card: "P1001", Fees: []Fee{{ID: "104", OutstandingMinor: 1250}}}}})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	conn, err := s.Dial(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	request := []byte(summed("35"+now+"AOCPL|AAP1001|AY3AZ") + "\r")
	buffer := make([]byte, 512)
	for b.Loop() {
		if err := exchange(conn, request, buffer); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "exchanges/s")
}

// BenchmarkExchangesOverTCP counts End Patron Session (35) and Patron Information (63) with their answers over loopback
// TCP, with eight units for each core at once; units and library system share the cores.
func BenchmarkExchangesOverTCP(b *testing.B) {
	s, err := New(Config{Mode: Koha, Institution: "CPL", Decimals: 2, Patrons: []Patron{{Card: "P1001", Fees: []Fee{{ID: "104", OutstandingMinor: 1250}, {ID: "105", OutstandingMinor: 223}}}}})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go s.Serve(l)
	defer s.Close()
	for name, text := range map[string]string{
		"35": "35" + now + "AOCPL|AAP1001|AY3AZ",
		"63": "63001" + now + "   Y      AOCPL|AAP1001|AC|AD|AY3AZ",
	} {
		b.Run(name, func(b *testing.B) {
			request := []byte(summed(text) + "\r")
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) { exchangeAll(b, pb, l.Addr().String(), request) })
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "exchanges/s")
		})
	}
}

// exchangeAll is one unit.
func exchangeAll(b *testing.B, pb *testing.PB, address string, request []byte) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Error(err)
		return
	}
	defer conn.Close()
	buffer := make([]byte, 1024)
	for pb.Next() {
		if err := exchange(conn, request, buffer); err != nil {
			b.Error(err)
			return
		}
	}
}

// exchange sends a request and reads to the end of its answer.
func exchange(conn net.Conn, request, buffer []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	for end := byte(0); end != '\n'; {
		n, err := conn.Read(buffer)
		if err != nil {
			return err
		}
		end = buffer[n-1]
	}
	return nil
}
