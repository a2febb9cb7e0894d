package kiosk

import (
	"context"
	"fmt"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/secondcopy"
	"selfpay/kiosk/session"
)

// copyLate is how long the second copy may lack events before staff are told.
const copyLate = 30 * time.Second

// secondCopy keeps the second copy of the ledger's events, where one is wanted.
func (s *station) secondCopy(ctx context.Context, l *ledger.Ledger,
	measure func(check string, status health.Status, value int64, unit, output string, why session.Reason)) error {
	if s.Config.Storage.SecondCopy == "" {
		return nil
	}
	tell := func(behind int64, since time.Time, err error) {
		status, output := judgeCopy(time.Now(), behind, since, err)
		measure(health.CheckSecondCopy, status, behind, "events behind", output, "")
	}
	return secondcopy.New(secondcopy.Config{File: s.Config.Storage.SecondCopy, Folder: s.Config.Kiosk.State, Ledger: l, Tell: tell, Log: s.Log}).Run(ctx)
}

// judgeCopy says what staff read of a copy that lacks events since a time. It never keeps anybody from paying.
func judgeCopy(now time.Time, behind int64, since time.Time, err error) (health.Status, string) {
	late := !since.IsZero() && now.Sub(since) >= copyLate
	switch {
	case late && err != nil:
		return health.Warn, err.Error()
	case late:
		return health.Warn, fmt.Sprintf("it lacks events since %s", since.Local().Format(time.DateTime))
	}
	return health.Pass, ""
}
