// SPDX-License-Identifier: GPL-2.0
/*
 * An SPI bus for tests, with /dev/spidev0.0 on it. What is sent comes back, as with a wire from MOSI to MISO, and is
 * kept: a read of /dev/pretend-spi takes what was sent, oldest first, and ends where nothing is left. What is more than
 * 64 KiB is forgotten.
 */
#include <linux/kfifo.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/spi/spi.h>

static DEFINE_KFIFO(sent, u8, 1 << 16);
static DEFINE_MUTEX(lock);
static struct platform_device *platform;
static struct spi_controller *bus;

static int transfer(struct spi_controller *controller, struct spi_device *device, struct spi_transfer *t)
{
	if (t->tx_buf) {
		mutex_lock(&lock);
		kfifo_in(&sent, t->tx_buf, t->len);
		mutex_unlock(&lock);
	}
	if (t->rx_buf && t->tx_buf)
		memcpy(t->rx_buf, t->tx_buf, t->len);
	else if (t->rx_buf)
		memset(t->rx_buf, 0, t->len);
	return 0;
}

static ssize_t taken(struct file *file, char __user *to, size_t length, loff_t *at)
{
	unsigned int copied = 0;
	int err;

	mutex_lock(&lock);
	err = kfifo_to_user(&sent, to, length, &copied);
	mutex_unlock(&lock);
	return err ? err : copied;
}

static const struct file_operations operations = { .owner = THIS_MODULE, .read = taken };
static struct miscdevice record = { .minor = MISC_DYNAMIC_MINOR, .name = "pretend-spi", .fops = &operations };

static int __init begin(void)
{
	/* spidev takes only devices that it knows by name, and this is one of them */
	struct spi_board_info info = { .modalias = "dh2228fv", .max_speed_hz = 10000000 };
	int err;

	platform = platform_device_register_simple("pretend-spi", -1, NULL, 0);
	if (IS_ERR(platform))
		return PTR_ERR(platform);
	bus = spi_alloc_master(&platform->dev, 0);
	if (!bus) {
		err = -ENOMEM;
		goto no_bus;
	}
	bus->bus_num = 0;
	bus->num_chipselect = 1;
	bus->mode_bits = SPI_CPOL | SPI_CPHA | SPI_CS_HIGH | SPI_LSB_FIRST;
	bus->bits_per_word_mask = SPI_BPW_MASK(8);
	bus->max_speed_hz = 10000000;
	bus->transfer_one = transfer;
	err = spi_register_controller(bus);
	if (err) {
		spi_controller_put(bus);
		goto no_bus;
	}
	if (!spi_new_device(bus, &info)) {
		err = -ENODEV;
		goto no_device;
	}
	err = misc_register(&record);
	if (!err)
		return 0;
no_device:
	spi_unregister_controller(bus);
no_bus:
	platform_device_unregister(platform);
	return err;
}

static void __exit end(void)
{
	misc_deregister(&record);
	spi_unregister_controller(bus);
	platform_device_unregister(platform);
}

module_init(begin);
module_exit(end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("SPI bus that sends back and keeps what was sent, for tests");
