package vm

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// namesIn reads the names of an archive's entries, and the content of its files.
func namesIn(t *testing.T, archive []byte) (names []string, contents map[string]string) {
	t.Helper()
	contents = map[string]string{}
	take := func(n int) []byte {
		piece := archive[:n]
		archive = archive[(n+3)&^3:]
		return piece
	}
	for len(archive) > 0 {
		var size, named int
		fmt.Sscanf(string(archive[54:62]), "%x", &size)
		fmt.Sscanf(string(archive[94:102]), "%x", &named)
		header := take(110 + named)
		name := string(header[110 : 110+named-1])
		names = append(names, name)
		contents[name] = string(take(size))
	}
	return names, contents
}

func TestFolderComesBeforeWhatStandsInIt(t *testing.T) {
	var b bytes.Buffer
	a := newArchive(&b)
	a.add("/etc/kiosk/kiosk.toml", modeFile, []byte("id"))
	a.add("/etc/kiosk/more", modeFile, nil)
	a.add("/init", modeProgram, []byte("12345"))
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	names, contents := namesIn(t, b.Bytes())
	want := []string{"etc", "etc/kiosk", "etc/kiosk/kiosk.toml", "etc/kiosk/more", "init", "TRAILER!!!"}
	if !slices.Equal(names, want) || contents["etc/kiosk/kiosk.toml"] != "id" || contents["init"] != "12345" {
		t.Errorf("the archive holds %q: %q", names, contents)
	}
}
