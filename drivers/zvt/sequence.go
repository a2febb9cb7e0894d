package zvt

// sequence numbers the messages of both sides by tag 1F73 (PA00P015 chapter 5), where the terminal agreed to that at its registration. Each
// new message of either side has the next number, an answer that of its message, a repetition its own. So an answer that comes too late and
// a message that comes twice are recognised. The frames printed in the document have wrong lengths; its rules are followed here.
type sequence struct {
	on       bool
	number   int  // of the newest message of either side
	heard    int  // of the newest message of the terminal that was answered; 0: none
	answered APDU // the answer to it
}

const highestNumber = 999_999

// command gives the next number to a command of the kiosk, and says which; 0: none.
func (s *sequence) command(c command) (APDU, int) {
	if !s.on {
		return c.apdu(), 0
	}
	s.number = s.number%highestNumber + 1
	c.container = appendNumber(c.container[:len(c.container):len(c.container)], s.number)
	return c.apdu(), s.number
}

// late says whether an answer belongs to another command than the one with this number.
func (s *sequence) late(answer APDU, number int) bool {
	got, there := numberOf(ReadMessage(answer))
	return s.on && there && got != number
}

// repeated is the answer that a message of the terminal got already.
func (s *sequence) repeated(m Message) (answer APDU, repeated bool) {
	number, there := numberOf(m)
	return s.answered, s.on && there && number != 0 && number == s.heard
}

// answer puts the number of a message into the answer to it, and keeps that.
func (s *sequence) answer(m Message, answer APDU) APDU {
	number, there := numberOf(m)
	if !s.on || !there {
		return answer
	}
	answer.Data = AppendField(answer.Data, BMPContainer, appendNumber(nil, number)...)
	s.number, s.heard, s.answered = number, number, answer
	return answer
}

func numberOf(m Message) (number int, there bool) {
	o, there := FindTLV(m.TLV, TagMessageNumber)
	n, err := BCD(o.Value)
	return int(n), there && err == nil && len(o.Value) == 3
}

func appendNumber(container []byte, number int) []byte {
	packed, _ := PutBCD(int64(number), 3)
	return AppendTLV(container, TagMessageNumber, packed...)
}
