// Package pan hides card numbers (PAN, ISO/IEC 7812) before anything is kept or shown: whatever a terminal sends, no card number is at
// rest with us.
package pan

// Mask hides a card number given as text: it keeps at most the first six and the last four digits, only the last four of a short one,
// and none of what follows the separator of a magnetic stripe, D or =.
func Mask(digits string) string {
	number, rest := []byte(digits), ""
	for i, d := range number {
		if d == 'D' || d == '=' {
			for range number[i+1:] {
				rest += "*"
			}
			number, rest = number[:i], "D"+rest
			break
		}
	}
	head := 6
	if len(number) < 13 {
		head = 0
	}
	for i := head; i < len(number)-4; i++ {
		number[i] = '*'
	}
	return string(number) + rest
}

// MaskText hides card numbers in a line of text: 13 to 19 digits that carry a valid check digit, in one run or in
// groups with one blank or dash between them, and what follows one on a track. Its length stays the same. A long number of another kind may be hidden by
// chance; that is the safer mistake.
func MaskText(b []byte) []byte {
	masked := b
	for start := 0; start < len(b); start++ {
		if !isDigit(b[start]) || b[start] == '0' || start > 0 && isDigit(b[start-1]) {
			continue
		}
		end, number := cardNumberAt(b, start)
		if end == 0 {
			continue
		}
		if &masked[0] == &b[0] {
			masked = append([]byte(nil), b...)
		}
		hidden := Mask(string(number))
		for i := start; i < end; i++ {
			if isDigit(b[i]) {
				masked[i], hidden = hidden[0], hidden[1:]
			}
		}
		track := trackAfter(b[end:])
		for i := range track {
			masked[end+1+i] = '*'
		}
		start = end + track
	}
	return masked
}

// trackAfter is how many characters behind a card number and the sign after it belong to its magnetic stripe: digits after = or D, of the
// second track, and everything up to a question mark after ^, of the first.
func trackAfter(b []byte) (n int) {
	if len(b) == 0 || b[0] != '=' && b[0] != 'D' && b[0] != '^' {
		return 0
	}
	for n+1 < len(b) && (isDigit(b[n+1]) || b[0] == '^' && b[n+1] != '?' && b[n+1] >= ' ') {
		n++
	}
	return n
}

// cardNumberAt finds the longest card number that begins at start, in whole groups of digits; end is 0 if there is none.
func cardNumberAt(b []byte, start int) (end int, number []byte) {
	var digits []byte
	for i := start; i < len(b) && len(digits) < 20; i++ {
		if isDigit(b[i]) {
			digits = append(digits, b[i])
		} else if b[i] != ' ' && b[i] != '-' || !isDigit(b[i-1]) {
			break
		}
		groupEnds := i+1 == len(b) || !isDigit(b[i+1])
		if n := len(digits); isDigit(b[i]) && groupEnds && n >= 13 && n <= 19 && checkDigitFits(digits) {
			end, number = i+1, digits[:n:n]
		}
	}
	return end, number
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// checkDigitFits is the check of ISO/IEC 7812 (Luhn).
func checkDigitFits(digits []byte) bool {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
