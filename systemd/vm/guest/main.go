// Command guest is the first program of the bench's guest: it loads the kernel's modules, mounts the data disk, brings
// the network up, keeps the service running, and takes orders. Where the plan says so it hands over to Debian instead,
// and is one of its services, which takes the orders. It never shuts anything down: the guest ends by a power cut.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/systemd/vm"
)

func main() {
	var err error
	switch {
	case os.Getpid() == 1:
		err = run()
	case len(os.Args) == 1:
		err = serve()
	default:
		if err := work(os.Args[1], os.Args[2:]); err != nil {
			fmt.Println("guest:", err)
			os.Exit(1)
		}
		return
	}
	if err != nil {
		fmt.Println("guest:", err)
	}
	select {} // the kernel does not do without its first program
}

// serve takes orders in Debian, by the plan that the first program has left beside this one.
func serve() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	plan, err := readPlan(filepath.Join(filepath.Dir(self), vm.PlanFile))
	if err != nil {
		return err
	}
	return errors.Join(relayAll(plan.Relays), takeOrders(plan.Orders))
}

func readPlan(file string) (plan vm.Plan, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &plan)
	}
	if err != nil {
		return plan, fmt.Errorf("read the plan: %w", err)
	}
	return plan, nil
}

func run() error {
	if err := mountAll(); err != nil {
		return err
	}
	plan, err := readPlan(filepath.Join("/bin", vm.PlanFile))
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return loadModules(plan.Modules) },
		mountData,
		networkUp,
		func() error { return relayAll(plan.Relays) },
		func() error { return takeOrders(plan.Orders) },
	}
	if plan.Debian {
		steps = []func() error{steps[0], networkUp, handOver}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	keepRunning(plan.Service)
	return nil
}

// mountAll mounts what the kernel shows of itself.
func mountAll() error {
	os.Setenv("PATH", "/bin")
	return errors.Join(
		mounted("dev", "/dev", "devtmpfs", ""),
		mounted("proc", "/proc", "proc", ""),
		mounted("sys", "/sys", "sysfs", ""),
		mounted("run", "/run", "tmpfs", ""),
		mounted("tmp", "/tmp", "tmpfs", ""),
	)
}

func mounted(what, where, kind, options string) error {
	if err := unix.Mount(what, where, kind, unix.MS_NOATIME, options); err != nil {
		return fmt.Errorf("mount %s on %s: %w", what, where, err)
	}
	return nil
}

func loadModules(modules []vm.Module) error {
	for _, m := range modules {
		f, err := os.Open(m.File)
		if err != nil {
			return fmt.Errorf("load a kernel module: %w", err)
		}
		err = unix.FinitModule(int(f.Fd()), m.Parameters, 0)
		f.Close()
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("load kernel module %s: %w", filepath.Base(m.File), err)
		}
	}
	return nil
}

// deviceWithin bounds the wait for a device after its driver is loaded.
const deviceWithin = time.Minute

// appears waits for a file.
func appears(path string) error {
	for end := time.Now().Add(deviceWithin); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
	}
	return fmt.Errorf("there is no %s", path)
}

// mountData mounts the data disk; the kernel brings the file system into order after a power cut.
func mountData() error {
	const disk = "/dev/vda"
	if err := appears(disk); err != nil {
		return err
	}
	return mounted(disk, vm.DataFolder, "ext4", "errors=remount-ro")
}

// ordersUnit is this program as a service of Debian.
const ordersUnit = `[Service]
ExecStart=%s/guest
StandardOutput=journal+console
StandardError=journal+console
KillMode=process
`

// handOver makes Debian's disk the root and starts systemd. The programs of the image are seen there at vm.BenchFolder.
func handOver() error {
	const disk, root = "/dev/vda", "/debian"
	if err := appears(disk); err != nil {
		return err
	}
	if err := mounted(disk, root, "ext4", ""); err != nil {
		return err
	}
	if err := errors.Join(
		os.MkdirAll(root+vm.BenchFolder, 0o755),
		beService(vm.BenchFolder),
		unix.Mount("/bin", root+vm.BenchFolder, "", unix.MS_BIND, ""),
	); err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	for _, folder := range []string{"/dev", "/proc", "/sys", "/run"} {
		if err := unix.Mount(folder, root+folder, "", unix.MS_MOVE, ""); err != nil {
			return fmt.Errorf("hand over %s: %w", folder, err)
		}
	}
	if err := errors.Join(os.Chdir(root), unix.Mount(root, "/", "", unix.MS_MOVE, ""), unix.Chroot("."), os.Chdir("/")); err != nil {
		return fmt.Errorf("hand over: %w", err)
	}
	return fmt.Errorf("hand over: %w", unix.Exec("/sbin/init", []string{"/sbin/init"}, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}))
}

// beService makes this program, which will stand in folder, a service of the systemd that starts later.
func beService(folder string) error {
	units := "/run/systemd/system"
	wanted := filepath.Join(units, "multi-user.target.wants")
	return errors.Join(
		os.MkdirAll(wanted, 0o755),
		os.WriteFile(filepath.Join(units, "bench.service"), fmt.Appendf(nil, ordersUnit, folder), 0o644),
		os.Symlink("../bench.service", filepath.Join(wanted, "bench.service")),
	)
}

// plant copies this program and its plan from the first file system, which ends with it, into a station's memory.
func plant() error {
	if err := os.Mkdir(vm.PlantFolder, 0o755); err != nil {
		return err
	}
	if err := mounted("bench", vm.PlantFolder, "tmpfs", "mode=0755"); err != nil { // nothing may be run from /run itself
		return err
	}
	return errors.Join(os.CopyFS(vm.PlantFolder, os.DirFS("/bench")), beService(vm.PlantFolder))
}

func networkUp() error {
	const card = "eth0"
	if err := appears("/sys/class/net/" + card); err != nil {
		return err
	}
	return errors.Join(cardUp("lo", net.IPv4(127, 0, 0, 1)), cardUp(card, net.ParseIP(vm.GuestAddress)))
}

// cardUp gives a network card its address and switches it on.
func cardUp(name string, address net.IP) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("network card %s: %w", name, err)
	}
	defer unix.Close(s)
	for _, step := range []struct {
		request uint
		fill    func(*unix.Ifreq) error
	}{
		{unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(address.To4()) }},
		{unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING); return nil }},
	} {
		r, err := unix.NewIfreq(name)
		if err == nil {
			err = step.fill(r)
		}
		if err == nil {
			err = unix.IoctlIfreq(s, step.request, r)
		}
		if err != nil {
			return fmt.Errorf("network card %s: %w", name, err)
		}
	}
	return nil
}

// relayAll leads ports of the network card to the same ports of loopback, where the service listens.
func relayAll(ports []int) error {
	for _, port := range ports {
		l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", vm.GuestAddress, port))
		if err != nil {
			return fmt.Errorf("relay: %w", err)
		}
		go func() {
			for {
				if c, err := l.Accept(); err == nil {
					go relay(c, fmt.Sprintf("127.0.0.1:%d", port))
				}
			}
		}()
	}
	return nil
}

func relay(near net.Conn, address string) {
	defer near.Close()
	far, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer far.Close()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		go func() { io.Copy(way[0], way[1]); ended <- struct{}{} }()
	}
	<-ended
}

// takeOrders runs the programs that the host asks for.
func takeOrders(port int) error {
	l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", vm.GuestAddress, port))
	if err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o vm.Order
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil || len(o.Words) == 0 {
			http.Error(w, "an order is a list of words", http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(carryOut(r.Context(), o))
	}))
	fmt.Println(vm.TakesOrders)
	return nil
}

// carryOut runs a program; it is killed when the host does not wait any longer.
func carryOut(ctx context.Context, o vm.Order) vm.Done {
	cmd := exec.CommandContext(ctx, o.Words[0], o.Words[1:]...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return vm.Done{Output: string(out), Status: exit.ExitCode()}
	case err != nil:
		return vm.Done{Output: err.Error(), Status: 127}
	}
	return vm.Done{Output: string(out)}
}

// keepRunning starts the service, and again whenever it has ended.
func keepRunning(words []string) {
	if len(words) == 0 {
		return
	}
	for {
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		fmt.Println("guest: starts", words[0])
		err := cmd.Run()
		fmt.Println("guest:", words[0], "has ended:", err)
		time.Sleep(vm.RestartAfter)
	}
}
