package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/device/pan"
	"selfpay/drivers/plugged"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/release"
	"selfpay/kiosk/supervisor"
)

// supportCommand packs what somebody far away needs to help: no card, no patron, no password is in it.
type supportCommand struct {
	File string `arg:"" type:"path" help:"The file to make, a .tar.gz."`
}

// The largest pieces of the journal that are taken.
const (
	journalLines = "5000"
	journalBytes = 8 << 20
)

// Supported is the answer of bundle.
type Supported struct {
	File    string   `json:"file"`
	Parts   []string `json:"parts"`
	Missing []string `json:"missing,omitempty"` // what could not be had, and why
}

func (c *supportCommand) Run(ctx context.Context, t *tool, all *arguments) error {
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the bundle cannot be made: %w; a file that is there is not written over", err)
	}
	zip := gzip.NewWriter(f)
	b := &support{tool: t, all: all, out: tar.NewWriter(zip), found: Supported{File: c.File}, at: time.Now()}
	b.gather(ctx)
	if len(b.found.Missing) > 0 {
		b.add("missing.json", func() (any, error) { return b.found.Missing, nil })
	}
	if err := errors.Join(b.failed, b.out.Close(), zip.Close(), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(c.File))
	}
	if t.json {
		return t.document(b.found)
	}
	t.say("%s holds %d parts; no card, no patron and no password is in it", c.File, len(b.found.Parts))
	for _, m := range b.found.Missing {
		t.say("not in it: %s", m)
	}
	return nil
}

type support struct {
	*tool
	all    *arguments
	out    *tar.Writer
	at     time.Time
	found  Supported
	failed error // the file itself cannot be written
}

// add puts a part in as JSON, or notes why it cannot be had.
func (b *support) add(name string, get func() (any, error)) {
	found, err := get()
	if err == nil {
		var text []byte
		if text, err = json.MarshalIndent(found, "", "  "); err == nil {
			b.put(name, text)
			return
		}
	}
	b.found.Missing = append(b.found.Missing, name+": "+err.Error())
}

// put writes a part. What looks like a card's number is masked once more, whatever wrote it.
func (b *support) put(name string, content []byte) {
	content = pan.MaskText(content)
	err := b.out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: b.at})
	if err == nil {
		_, err = b.out.Write(content)
	}
	b.failed = errors.Join(b.failed, err)
	b.found.Parts = append(b.found.Parts, name)
}

// ask adds an answer of the daemon.
func ask[A any](ctx context.Context, b *support, name, path string) {
	b.add(name, func() (any, error) {
		client, err := b.client()
		if err != nil {
			return nil, err
		}
		var found A
		err = client.Get(ctx, path, &found)
		return found, err
	})
}

func (b *support) gather(ctx context.Context) {
	b.add("about.json", func() (any, error) { return about(b.at) })
	b.add("configuration.json", func() (any, error) { return b.load() }) // which hides its secrets
	ask[control.Status](ctx, b, "status.json", "/status")
	ask[[]supervisor.State](ctx, b, "devices.json", "/devices")
	ask[[]control.Item](ctx, b, "queue.json", "/queue")
	ask[[]ledger.Note](ctx, b, "notes.json", "/notes")
	b.add("plugged.json", func() (any, error) { return plugged.Find("/"), nil })
	b.add("updates.json", func() (any, error) { return b.all.Update.begin(b.tool).State() })
	b.add("doctor.json", func() (any, error) { return b.all.Doctor.look(ctx, b.tool, b.all), nil })
	b.journal(ctx, "journal.txt", "--unit=kiosk*")
	b.journal(ctx, "kernel.txt", "--dmesg")
}

// machineAbout is what machine and programs are.
type machineAbout struct {
	At       time.Time `json:"at"`
	Kioskctl string    `json:"kioskctl"`
	System   string    `json:"system"`
	Machine  string    `json:"machine"`
	UpFor    string    `json:"up_for"`
}

func about(at time.Time) (machineAbout, error) {
	var name unix.Utsname
	var info unix.Sysinfo_t
	err := errors.Join(unix.Uname(&name), unix.Sysinfo(&info))
	return machineAbout{At: at, Kioskctl: release.Text(), System: unix.ByteSliceToString(name.Release[:]), Machine: unix.ByteSliceToString(name.Machine[:]),
		UpFor: (time.Duration(info.Uptime) * time.Second).String()}, err
}

// journal adds the newest lines of the journal.
func (b *support) journal(ctx context.Context, name, which string) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, "journalctl", "--no-pager", "--output=short-iso", "--lines="+journalLines, which)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.found.Missing = append(b.found.Missing, name+": "+err.Error())
		return
	}
	var text bytes.Buffer
	_, err = io.Copy(&text, io.LimitReader(out, journalBytes))
	io.Copy(io.Discard, out)
	if err = errors.Join(err, cmd.Wait()); err != nil {
		b.found.Missing = append(b.found.Missing, name+": "+err.Error())
	}
	if text.Len() > 0 {
		b.put(name, text.Bytes())
	}
}
