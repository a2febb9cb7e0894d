// SPDX-License-Identifier: GPL-2.0
/*
 * An I2C bus with chips that are plain registers, for tests. It is reached through i2c-dev (I2C_RDWR and, on top of
 * that, SMBus). A chip has 256 registers of one or two bytes, the high byte first. The first byte of a write sets the
 * chip's register pointer, what follows is stored from there on; a read begins at the pointer.
 *
 * Orders, one a write, to /dev/pretend-i2c:
 *	chip ADDRESS WIDTH		puts a chip of that many bytes a register on the bus, all of them zero
 *	set ADDRESS REGISTER VALUE	sets a register
 *	nak ADDRESS 0|1			the chip does not answer, or answers again
 *	fail ERRNO			every transfer fails so; 0: none
 */
#include <linux/i2c.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

struct chip {
	unsigned int width; /* 0: there is none */
	bool nak;
	u8 pointer; /* a register */
	u16 registers[256];
};

static struct chip chips[128];
static unsigned int fail;
static DEFINE_MUTEX(lock);

static u8 get(struct chip *c, unsigned int at)
{
	u16 value = c->registers[(u8)(c->pointer + at / c->width)];

	return c->width == 2 && at % 2 == 0 ? value >> 8 : value;
}

static void put(struct chip *c, unsigned int at, u8 value)
{
	u16 *r = &c->registers[(u8)(c->pointer + at / c->width)];

	if (c->width == 1)
		*r = value;
	else if (at % 2 == 0)
		*r = (*r & 0x00ff) | value << 8;
	else
		*r = (*r & 0xff00) | value;
}

static int transfer_locked(struct i2c_msg *messages, int count)
{
	int i, at;

	if (fail)
		return -(int)fail;
	for (i = 0; i < count; i++) {
		struct i2c_msg *m = &messages[i];
		struct chip *c = m->addr < ARRAY_SIZE(chips) ? &chips[m->addr] : NULL;

		if (!c || !c->width || c->nak)
			return -ENXIO;
		if (m->flags & I2C_M_RD) {
			for (at = 0; at < m->len; at++)
				m->buf[at] = get(c, at);
			continue;
		}
		if (m->len > 0)
			c->pointer = m->buf[0];
		for (at = 1; at < m->len; at++)
			put(c, at - 1, m->buf[at]);
	}
	return count;
}

static int transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	int done;

	mutex_lock(&lock);
	done = transfer_locked(messages, count);
	mutex_unlock(&lock);
	return done;
}

static u32 functions(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm algorithm = { .master_xfer = transfer, .functionality = functions };
static struct i2c_adapter bus = { .owner = THIS_MODULE, .algo = &algorithm, .name = "pretended" };

static struct chip *find(unsigned int address)
{
	return address < ARRAY_SIZE(chips) && chips[address].width ? &chips[address] : NULL;
}

static bool carry_out(const char *order)
{
	unsigned int address, number, value;
	struct chip *c;

	if (sscanf(order, "chip %i %u", &address, &value) == 2 && address < ARRAY_SIZE(chips) && (value == 1 || value == 2)) {
		memset(&chips[address], 0, sizeof(chips[address]));
		chips[address].width = value;
		return true;
	}
	if (sscanf(order, "set %i %i %i", &address, &number, &value) == 3) {
		c = find(address);
		if (!c || number > 255)
			return false;
		c->registers[number] = value;
		return true;
	}
	if (sscanf(order, "nak %i %u", &address, &value) == 2) {
		c = find(address);
		if (!c)
			return false;
		c->nak = value;
		return true;
	}
	if (sscanf(order, "fail %u", &value) == 1 && value < 4096) {
		fail = value;
		return true;
	}
	return false;
}

static ssize_t ordered(struct file *file, const char __user *text, size_t length, loff_t *at)
{
	char order[80] = {};
	bool done;

	if (length >= sizeof(order))
		return -EINVAL;
	if (copy_from_user(order, text, length))
		return -EFAULT;
	mutex_lock(&lock);
	done = carry_out(order);
	mutex_unlock(&lock);
	return done ? length : -EINVAL;
}

static const struct file_operations operations = { .owner = THIS_MODULE, .write = ordered };
static struct miscdevice control = { .minor = MISC_DYNAMIC_MINOR, .name = "pretend-i2c", .fops = &operations };

static int __init begin(void)
{
	int err = i2c_add_adapter(&bus);

	if (err)
		return err;
	err = misc_register(&control);
	if (err)
		i2c_del_adapter(&bus);
	return err;
}

static void __exit end(void)
{
	misc_deregister(&control);
	i2c_del_adapter(&bus);
}

module_init(begin);
module_exit(end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("I2C bus with chips that are plain registers, for tests");
