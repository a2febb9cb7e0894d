package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
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
	line, err := p.answer(ctx, question)
	return err == nil && strings.EqualFold(line, "y")
}

// answer asks for one line. The error says that nobody answers any more.
func (p person) answer(ctx context.Context, question string) (string, error) {
	fmt.Fprint(os.Stderr, question)
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := p.in.ReadString('\n')
		read <- line{strings.TrimSpace(text), err}
	}()
	select {
	case l := <-read:
		return l.text, l.err
	case <-ctx.Done(): // Ctrl-C
		fmt.Fprintln(os.Stderr)
		return "", ctx.Err()
	}
}

// says asks for one line and offers one, which an empty answer takes.
func (p person) says(ctx context.Context, question, offered string) (string, error) {
	if offered != "" {
		question += " [" + offered + "]"
	}
	text, err := p.answer(ctx, question+": ")
	return cmp.Or(text, offered), err
}

// choice is one of several things that a person may choose.
type choice struct{ value, words string }

// chooses lets a person choose by number, or write something else where that may be.
func (p person) chooses(ctx context.Context, question, offered string, choices []choice, other bool) (string, error) {
	for {
		for i, c := range choices {
			fmt.Fprintf(os.Stderr, "  %d  %s\n", i+1, c.words)
		}
		text, err := p.says(ctx, question, offered)
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(choices) {
			return choices[n-1].value, nil
		}
		if other || slices.ContainsFunc(choices, func(c choice) bool { return c.value == text }) {
			return text, nil
		}
		fmt.Fprintf(os.Stderr, "%q is none of these; write a number\n", text)
	}
}

// keeps asks for a secret, of which nothing is shown.
func (p person) keeps(question string) (string, error) {
	return secretLine(os.Stdin, p.in, question)
}
