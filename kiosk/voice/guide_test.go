package voice

import (
	"slices"
	"strings"
	"testing"

	"selfpay/device/keypad"
	"selfpay/device/money"
	"selfpay/device/speech"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
	"selfpay/kiosk/web"
)

func catalogues(t *testing.T) *text.Texts {
	t.Helper()
	texts, err := text.New(text.Known)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

// view is a screen as the session shows it.
func view(number int64, screen session.Screen, change ...func(*session.View)) session.View {
	v := session.View{Number: number, Screen: screen, Language: "en", Library: "Central Library", Languages: []string{"en", "de"}}
	for _, c := range change {
		c(&v)
	}
	return v
}

// fees is an open account with two fees.
func fees(chosen ...bool) func(*session.View) {
	return func(v *session.View) {
		v.Total, v.Chosen = eur(1250), eur(0)
		for i, name := range []string{"Overdue", "Copies"} {
			amount := eur([]int64{250, 1000}[i])
			v.Fees = append(v.Fees, session.FeeLine{Key: name, Description: name, Amount: amount, Chosen: chosen[i]})
			if chosen[i] {
				v.Chosen.Minor += amount.Minor
			}
		}
	}
}

func typed(digits string) func(*session.View) { return func(v *session.View) { v.Typed = digits } }

func over(l session.Layer) func(*session.View) { return func(v *session.View) { v.Over = l } }

// follow is a guide that a test leads.
type follow struct {
	t *testing.T
	Guide
}

func newFollow(t *testing.T) *follow {
	return &follow{t, Guide{Texts: catalogues(t), Volume: usualVolume, at: before}}
}

// show shows a view, and tells what is said in one line.
func (f *follow) show(v session.View) string {
	f.t.Helper()
	r, err := web.Read(v, f.Texts)
	if err != nil {
		f.t.Fatal(err)
	}
	r.Items = slices.DeleteFunc(r.Items, func(i web.Item) bool { return !slices.Contains(led, i.Action) })
	return line(f.Show(r))
}

// led are the choices through which these tests lead; what else a screen offers is left out of them.
var led = []string{"number", "language", "leave", "digit", "erase", "enter", "choose", "all", "pay", "stay"}

// press presses keys, and tells what the last one says or does.
func (f *follow) press(keys ...keypad.Key) (said, done string) {
	f.t.Helper()
	for _, k := range keys {
		s, tap := f.Press(k)
		said, done = line(s), ""
		if tap != nil {
			done = strings.TrimSpace(tap.Name + " " + tap.Value)
			if tap.Screen != f.Number() {
				f.t.Errorf("%s is a tap on screen %d, %d is shown", k, tap.Screen, f.Number())
			}
		}
	}
	return said, done
}

func line(s Saying) string {
	var all []string
	for _, p := range s.Parts {
		all = append(all, strings.ReplaceAll(p.Text, "\n", " "))
	}
	return strings.Join(all, " ")
}

func (f *follow) wants(what, got, want string) {
	f.t.Helper()
	if got != want {
		f.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestANewScreenIsReadFromItsBeginning(t *testing.T) {
	f := newFollow(t)
	said := f.show(view(1, session.ScreenFees, fees(true, false)))
	f.wants("fees", said, "Your library fees. Touch the fees that you want to pay. You owe 12 euros and 50 cents. Chosen 2 euros and 50 cents. There are 7 choices.")
	said, done := f.press(keypad.OK)
	if done != "" || said == "" {
		t.Errorf("OK at the beginning of a screen does %q and says %q", done, said)
	}
}

func TestArrowsLeadThroughTheChoicesAndOKTakesOne(t *testing.T) {
	f := newFollow(t)
	f.show(view(1, session.ScreenFees, fees(true, false)))
	said, _ := f.press(keypad.Down)
	f.wants("down", said, "Overdue 2 euros and 50 cents. chosen. 1 of 7.")
	said, _ = f.press(keypad.Up)
	f.wants("up at the first", said, "Overdue 2 euros and 50 cents. chosen. 1 of 7.")
	said, _ = f.press(keypad.Down)
	f.wants("down", said, "Copies 10 euros. not chosen. 2 of 7.")
	_, done := f.press(keypad.OK)
	f.wants("OK", done, "choose Copies")
	said = f.show(view(2, session.ScreenFees, fees(true, true)))
	f.wants("chosen", said, "Copies 10 euros. chosen. Chosen 12 euros and 50 cents.")
	said, _ = f.press(keypad.Right)
	f.wants("right", said, "Pay 12 euros and 50 cents. 6 of 6.")
	said, _ = f.press(keypad.Down)
	f.wants("down at the last", said, "Pay 12 euros and 50 cents. 6 of 6.")
	_, done = f.press(keypad.OK)
	f.wants("OK", done, "pay")
}

func TestWhatCannotBeDoneIsPassedOver(t *testing.T) {
	f := newFollow(t)
	f.show(view(1, session.ScreenFees, fees(false, false)))
	said, _ := f.press(keypad.Right)
	f.wants("the last that can be done", said, "Choose all. 6 of 6.")
	f.show(view(2, session.ScreenBooking))
	said, done := f.press(keypad.Down)
	f.wants("nothing", said+done, "There is nothing to choose here now.")
}

func TestOfAPINNothingIsSaidButHowMuchWasTyped(t *testing.T) {
	for _, lang := range text.Known {
		heard := map[string]bool{}
		for _, pin := range []string{"7899", "9788"} {
			f := newFollow(t)
			in := func(v session.View) session.View { v.Language = lang; return v }
			all := f.show(in(view(1, session.ScreenPIN)))
			for i, digit := range pin {
				said, done := f.press(keypad.Key(digit))
				f.wants("a digit", done, "digit "+string(digit))
				all += said + f.show(in(view(int64(i+2), session.ScreenPIN, typed(strings.Repeat("•", i+1)))))
			}
			said, _ := f.press(keypad.Left)
			all += said
			heard[all] = true
			if strings.ContainsAny(all, "789•") {
				t.Errorf("%s: %q", lang, all)
			}
			_, done := f.press(keypad.OK)
			f.wants("OK after the digits", done, "enter")
		}
		if len(heard) != 1 {
			t.Errorf("%s: two PINs do not sound alike: %v", lang, heard)
		}
	}
}

func TestTypedDigitsOfACardAreSaidOneByOne(t *testing.T) {
	f := newFollow(t)
	f.show(view(1, session.ScreenNumber))
	f.wants("first digit", f.show(view(2, session.ScreenNumber, typed("2"))), "2.")
	f.wants("second digit", f.show(view(3, session.ScreenNumber, typed("20"))), "0.")
	f.wants("erased", f.show(view(4, session.ScreenNumber, typed("2"))), "1 digit typed.")
	said, _ := f.press(keypad.Left)
	if !strings.Contains(said, "Card number: 2.") {
		t.Errorf("the whole screen says %q", said)
	}
	_, done := f.press(keypad.Erase)
	f.wants("erase", done, "erase")
	f.show(view(5, session.ScreenNumber))
	_, done = f.press(keypad.Erase)
	f.wants("nothing to erase", done, "")
}

func TestAWarningIsSaidAndAnyKeyExtends(t *testing.T) {
	for _, k := range []keypad.Key{keypad.Down, keypad.OK, keypad.Help, keypad.Louder, "5", keypad.Left} {
		f := newFollow(t)
		f.show(view(1, session.ScreenFees, fees(true, true)))
		f.press(keypad.Down)
		said := f.show(view(2, session.ScreenFees, fees(true, true), over(session.LayerLeaving)))
		if !strings.HasPrefix(said, "Do you need more time?") || !strings.Contains(said, "No money was taken.") {
			t.Errorf("the warning says %q", said)
		}
		_, done := f.press(k)
		f.wants("any key", done, "stay")
		said = f.show(view(3, session.ScreenFees, fees(true, true)))
		f.wants("back where they were", said, "Overdue 2 euros and 50 cents. chosen. 1 of 6.")
	}
}

func TestAnotherLanguageIsReadFromTheBeginning(t *testing.T) {
	f := newFollow(t)
	f.show(view(1, session.ScreenReady))
	f.press(keypad.Down, keypad.Down)
	said := f.show(view(2, session.ScreenReady, func(v *session.View) { v.Language = "de" }))
	if !strings.HasPrefix(said, "Scannen Sie Ihren Bibliotheksausweis.") || !strings.Contains(said, "Es gibt 3 Möglichkeiten") {
		t.Errorf("in German: %q", said)
	}
}

func TestVolumeHasBoundsAndBeginsAnewWithTheNextPatron(t *testing.T) {
	f := newFollow(t)
	f.show(view(1, session.ScreenFees, fees(true, true)))
	for range 20 {
		f.press(keypad.Louder)
	}
	if f.Volume != speech.MostVolume {
		t.Errorf("volume %d", f.Volume)
	}
	for range 20 {
		f.press(keypad.Quieter)
	}
	if f.Volume != 1 || !f.Keys {
		t.Errorf("volume %d, keys %v", f.Volume, f.Keys)
	}
	f.show(view(2, session.ScreenReady))
	if f.Volume != usualVolume || f.Keys || f.Place() != before {
		t.Errorf("the next patron begins with volume %d, keys %v, place %d", f.Volume, f.Keys, f.Place())
	}
}

func TestTheCurtainIsTold(t *testing.T) {
	f := newFollow(t)
	f.show(view(1, session.ScreenFees, fees(true, true)))
	_, done := f.press(keypad.Curtain)
	f.wants("curtain", done, "aid curtain")
	dark := func(v *session.View) { v.Aids.Curtain = true }
	f.wants("dark", f.show(view(2, session.ScreenFees, fees(true, true), dark)), "The screen is dark. Only you hear what stands on it.")
	f.wants("seen", f.show(view(3, session.ScreenFees, fees(true, true))), "The screen can be seen again.")
}
