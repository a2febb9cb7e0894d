package vm

import (
	"time"

	"selfpay/systemd/vm/pretend"
)

// Addresses of QEMU's user network: the guest has GuestAddress, and HostAddress leads to the host's loopback.
const (
	GuestAddress = "10.0.2.15"
	HostAddress  = "10.0.2.2"
)

// PlanFile is where the guest finds its plan, in the folder of its programs.
const PlanFile = "plan.json"

// Plan is what the guest does after power-on.
type Plan struct {
	Modules []Module `json:"modules"` // kernel modules, in the order of loading
	Debian  bool     `json:"debian"`  // Debian takes over from the first program

	Places  pretend.Places `json:"places"`  // of the host's ends, for tests in Debian
	Relays  []int          `json:"relays"`  // ports that lead to the same port of the guest's loopback
	Orders  int            `json:"orders"`  // the port for orders
	Service []string       `json:"service"` // program and arguments; started again whenever it ends
}

// Module is a kernel module with its parameters.
type Module struct {
	File       string `json:"file"`
	Parameters string `json:"parameters"`
}

// ModulesFolder is where the guest finds its kernel modules, in the folder of its programs.
const ModulesFolder = "modules"

// BenchFolder is where Debian finds the programs and files of the image's /bin.
const BenchFolder = "/bench"

// Nodes are the devices of a station that the guest keeps.
type Nodes struct {
	Card, UART, Modem, Scanner, HIDPOS, Printer, I2C, SPI string
}

// NodesFile is where the guest writes what Nodes there are.
const NodesFile = "/run/nodes.json"

// DataFolder is where the guest's data disk is mounted.
const DataFolder = "/data"

// RestartAfter is the pause before the service is started again, as in its unit file.
const RestartAfter = 2 * time.Second

// TakesOrders is what the guest writes to its console when it does.
const TakesOrders = "guest: takes orders"

// Order lets the guest run a program.
type Order struct {
	Words []string `json:"words"`
}

// Done is what came of an order.
type Done struct {
	Output string `json:"output"` // standard output and standard error
	Status int    `json:"status"`
}
