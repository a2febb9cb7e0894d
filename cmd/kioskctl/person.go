package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// person sits at the terminal and can be asked.
type person struct{ in *bufio.Reader }

var errNobody = errors.New("standard input is no terminal, so nobody can be asked")

// somebody is whoever sits at the terminal. The error says that nobody does.
func somebody() (person, error) {
	if _, err := unix.IoctlGetTermios(int(os.Stdin.Fd()), unix.TCGETS); err != nil {
		return person{}, errNobody
	}
	return person{bufio.NewReader(os.Stdin)}, nil
}

// agrees asks for a yes. Anything else is a no, as it is when ctx ends.
func (p person) agrees(ctx context.Context, question string) bool {
	fmt.Fprint(os.Stderr, question)
	answer := make(chan string, 1)
	go func() {
		line, err := p.in.ReadString('\n')
		if err != nil {
			line = ""
		}
		answer <- line
	}()
	select {
	case line := <-answer:
		return strings.EqualFold(strings.TrimSpace(line), "y")
	case <-ctx.Done(): // Ctrl-C
		fmt.Fprintln(os.Stderr)
		return false
	}
}
