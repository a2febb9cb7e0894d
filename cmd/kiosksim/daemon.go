package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// daemon is a running kioskd.
type daemon struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// startDaemon starts kioskd; it ends with this program, however that ends.
func startDaemon(program, config string, log io.Writer) (*daemon, error) {
	cmd := exec.Command(program, "--config", config)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("kioskd cannot be started: %w", err)
	}
	d := &daemon{cmd: cmd, ended: make(chan struct{})}
	go func() {
		cmd.Wait()
		close(d.ended)
	}()
	return d, nil
}

func (d *daemon) stop() {
	d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
	case <-time.After(20 * time.Second):
		d.kill()
	}
}

// kill ends kioskd as a power cut would, for what it can tell: at any instruction, without a word.
func (d *daemon) kill() {
	d.cmd.Process.Signal(os.Kill)
	<-d.ended
}

// waitReady waits until the kiosk says that it can take a payment.
func (d *daemon) waitReady(ctx context.Context, health string) error {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	last := errors.New("no answer")
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, health+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			said, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			last = errors.New(string(said))
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-d.ended:
			return errors.New("kioskd has ended; its log says why")
		case <-ctx.Done():
			return fmt.Errorf("the kiosk does not become ready: %w", last)
		}
	}
}
