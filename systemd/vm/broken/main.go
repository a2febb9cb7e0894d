// Command broken is a kioskd that is not well, for tests of updates. How it is not well is set by the linker.
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

// How is exit, refuse, hang, deaf or leak (-X main.How=leak).
var How string

func main() {
	switch How {
	case "exit": // as after a panic
		os.Exit(2)
	case "refuse": // as with a configuration that it does not know
		os.Exit(78)
	case "hang": // it never says that it is ready
	case "deaf": // it says so, and does nothing
		ready()
	case "leak": // it says so, and takes all memory
		ready()
		for n := 0; ; n++ {
			held = append(held, make([]byte, 1<<20))
			for at := range held[n] {
				held[n][at] = 1
			}
			time.Sleep(10 * time.Millisecond)
		}
	default:
		fmt.Fprintln(os.Stderr, "broken: it is not said how:", How)
	}
	for {
		time.Sleep(time.Second)
	}
}

var held [][]byte

// ready tells systemd (sd_notify).
func ready() {
	to, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err == nil {
		_, err = to.Write([]byte("READY=1"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "broken:", err)
	}
}
