// Package gpiochar drives the lines of a GPIO chip through Linux's character device, uAPI v2, by go-gpiocdev v0.9.1.
//
// A chip is found by its label, never by its number: the header of a Raspberry Pi 5 is pinctrl-rp1 on gpiochip4 with
// early kernels and on gpiochip0 since the middle of 2024 (raspberrypi/linux, pull request 6144); of a Pi 4 it is
// pinctrl-bcm2711, of a Pi 3 pinctrl-bcm2835. All inputs are one request and all outputs another, each whole with its
// levels, so that no lamp and no relay has a moment that nobody wanted. The consumer of a request names the roles:
// gpioinfo tells staff who holds a line.
//
// Facts of the kernel (Documentation/userspace-api/gpio, drivers/gpio/gpiolib-cdev.c of 6.1) and of go-gpiocdev:
//   - A debounced edge is told when the line has been stable for the period. Where the chip cannot do that, the kernel
//     does. Bias needs 5.5, debounce 5.10.
//   - An edge before the request is not told, and edges are dropped when the buffer, 16 for each line, is full: sequence
//     numbers then have a gap. So the level is read once behind the request, and compared every few seconds after: it is
//     the truth. A difference that stays is a missed change; it is told, and counted in the log.
//   - A pull-up makes an open input high, and the first change of such a switch is a falling edge.
//   - When a chip is unplugged, poll says so at once and for ever; go-gpiocdev's watcher then turns without a pause until
//     the request is closed. The comparison finds the chip gone and closes it.
//   - What an output is after its release is not promised by the kernel. Close sets outputs off before it releases them;
//     what must be safe without the program is wired so: a relay on its normally closed contact.
package gpiochar
