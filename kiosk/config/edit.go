package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Entry is one key and its value, as a file says it: "ils.login" and "\"kiosk01\"".
type Entry struct{ Key, Value string }

// Quoted is a text as a file says it.
func Quoted(text string) string { return strconv.Quote(text) }

// Edit sets keys in the text of a configuration and leaves all else as it is: comments, other keys, their order. A key that
// stands there as a comment becomes one; one that is not there is added to its table, and a table that is not there at the
// end.
func Edit(text string, entries []Entry) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for _, e := range entries {
		lines = set(lines, e)
	}
	return strings.TrimLeft(strings.Join(lines, "\n")+"\n", "\n")
}

func set(lines []string, e Entry) []string {
	at := strings.LastIndex(e.Key, ".")
	table, key := e.Key[:at], e.Key[at+1:]
	begin, end := tableIn(lines, table)
	if begin < 0 {
		return append(lines, "", "["+table+"]", key+" = "+e.Value)
	}
	for i := begin + 1; i < end; i++ {
		if name, rest, found := keyIn(lines[i]); found && name == key {
			lines[i] = strings.TrimRight(fmt.Sprintf("%s = %s%s", key, e.Value, commentOf(rest)), " ")
			return lines
		}
	}
	for end > begin+1 && strings.TrimSpace(lines[end-1]) == "" {
		end--
	}
	return slices.Insert(lines, end, key+" = "+e.Value)
}

// tableIn finds a table's header, which may be a comment, and makes it one; end is behind its last line.
func tableIn(lines []string, table string) (begin, end int) {
	begin = -1
	for i, line := range lines {
		header := strings.TrimLeft(strings.TrimSpace(line), "# ")
		if !strings.HasPrefix(header, "[") {
			continue
		}
		if begin >= 0 {
			return begin, i
		}
		if name, _, _ := strings.Cut(strings.TrimPrefix(header, "["), "]"); name == table {
			begin = i
			lines[i] = header
		}
	}
	return begin, len(lines)
}

// keyIn reads a line that sets a key, also where it is a comment.
func keyIn(line string) (key, rest string, found bool) {
	bare := strings.TrimLeft(strings.TrimSpace(line), "# ")
	key, rest, found = strings.Cut(bare, "=")
	key = strings.TrimSpace(key)
	return key, rest, found && key != "" && !strings.ContainsAny(key, " \t\"")
}

// commentOf is the comment behind a value, with its blanks. What was to be filled in is filled in.
func commentOf(value string) string {
	quoted := false
	for i, r := range value {
		switch {
		case r == '"' && (i == 0 || value[i-1] != '\\'):
			quoted = !quoted
		case r == '#' && !quoted && !strings.HasPrefix(value[i:], "# >>>"):
			return "   " + value[i:]
		}
	}
	return ""
}
