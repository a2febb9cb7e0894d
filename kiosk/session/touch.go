package session

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"
)

// TouchFields is how many fields the test of the touch panel has, row by row: four rows of three where the screen is high, else
// three of four.
const TouchFields = 12

// touchSilence ends the test when nobody touches a field any more.
const touchSilence = 30 * time.Second

// ErrVisit means that a patron is at the screen, or somebody else tries something on it.
var ErrVisit = errors.New("somebody is at the screen")

// TryTouch shows fields all over the screen, and returns the numbers of those that nobody has touched, from 0, when all were, when
// somebody leaves, when it has been silent for half a minute, or when ctx ends. Meanwhile no visit begins. ErrVisit: nothing is shown.
func (s *Session) TryTouch(ctx context.Context) (missed []int, err error) {
	begun, ended := make(chan error, 1), make(chan []int, 1)
	s.send(func() { begun <- s.beginTouch(ended) })
	select {
	case err := <-begun:
		if err != nil {
			return nil, err
		}
	case <-s.ended:
		return nil, context.Canceled
	}
	select {
	case missed := <-ended:
		return missed, nil
	case <-s.ended:
		return nil, context.Canceled
	case <-ctx.Done():
		s.send(func() {
			if s.touched == ended {
				s.endTouch()
			}
		})
		return nil, ctx.Err()
	}
}

func (s *Session) beginTouch(ended chan<- []int) error {
	if !s.idle() {
		return ErrVisit
	}
	s.clear()
	s.startTouch(ended)
	return nil
}

func (s *Session) startTouch(ended chan<- []int) {
	s.touched = ended
	s.view.Touched = make([]bool, TouchFields)
	s.showTouch()
}

func (s *Session) showTouch() {
	s.view.Screen, s.view.Reason = ScreenTouch, ""
	s.after(touchSilence, s.endTouch)
	s.show()
}

func (s *Session) touch(value string) error {
	field, err := strconv.Atoi(value)
	if err != nil || field < 0 || field >= TouchFields {
		return ErrStale
	}
	s.view.Touched = slices.Clone(s.view.Touched) // views that were handed out stay as they are
	s.view.Touched[field] = true
	if !slices.Contains(s.view.Touched, false) {
		s.endTouch()
		return nil
	}
	s.showTouch()
	return nil
}

func (s *Session) endTouch() {
	missed := []int{}
	for field, was := range s.view.Touched {
		if !was {
			missed = append(missed, field)
		}
	}
	s.touched <- missed
	s.touched = nil
	if s.view.Service != nil { // it was begun in the menu
		s.touchedFromMenu(missed)
		return
	}
	s.reset()
}
