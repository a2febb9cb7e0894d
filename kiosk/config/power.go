package config

import (
	"fmt"
	"time"

	"selfpay/device"
)

// Power is the part that watches the station's battery. No driver: there is none.
type Power struct {
	Driver        string  `toml:"driver"`
	Address       Address `toml:"address"`
	ShuntMilliOhm int     `toml:"shunt_milliohm"` // of a current sensor
	LeastCharge   int     `toml:"least_charge"`   // percent; below it, on battery, no new visit begins

	OffCharge int      `toml:"off_charge"` // percent; below it, on battery, the machine is switched off; 0: never
	Hold      Duration `toml:"hold"`       // without a charge that is known: so long without mains, by gpio.power_fail, and it is
}

func defaultPower() Power {
	return Power{ShuntMilliOhm: 100, LeastCharge: 20, OffCharge: 10, Hold: Duration(10 * time.Second)}
}

func (k *checker) power() {
	p := k.c.Power
	if p.ShuntMilliOhm < 1 || p.ShuntMilliOhm > 10_000 {
		k.say("power.shunt_milliohm", fmt.Sprintf("%d is no resistor of a current sensor", p.ShuntMilliOhm), "use 1 to 10000 thousandths of an ohm, as the board says; often 100")
	}
	if p.LeastCharge < 0 || p.LeastCharge > 90 {
		k.say("power.least_charge", fmt.Sprintf("%d is no least charge", p.LeastCharge), "use 0 to 90 percent; 0 stops nothing")
	}
	if p.OffCharge < 0 || p.OffCharge > 90 {
		k.say("power.off_charge", fmt.Sprintf("%d is no charge at which the machine is switched off", p.OffCharge), "use 1 to 90 percent, or 0 for never")
	}
	if h := time.Duration(p.Hold); h < 0 || h > time.Hour {
		k.say("power.hold", fmt.Sprintf("%s is no time that a station lasts without mains", h), `use a time up to 1h, such as "10s"`)
	}
	if p.Driver == "" {
		return
	}
	k.oneOf("power.driver", p.Driver, "max17048", "ina219")
	_, chip, err := device.I2C(p.Address.URL)
	switch {
	case p.Address.Scheme == "":
		k.say("power.address", "this key is missing", "write where it is, as i2c://1/0x36")
	case err != nil:
		k.say("power.address", fmt.Sprintf("%s is %s", p.Address, err), "write it as i2c://1/0x36")
	case p.Driver == "max17048" && chip != 0x36:
		k.say("power.address", fmt.Sprintf("a MAX17048 has the address 0x36, not %#x", chip), "write it as i2c://1/0x36")
	case p.Driver == "ina219" && (chip < 0x40 || chip > 0x4f):
		k.say("power.address", fmt.Sprintf("an INA219 has an address from 0x40 to 0x4f, not %#x", chip), "write it as i2c://1/0x40; i2cdetect -y 1 lists the chips")
	}
}
