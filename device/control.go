package device

import "os"

// Control runs do, an ioctl or a lock, on the descriptor of an open device, which stays one that Close can wake. The error is
// that of do, or says that the file is closed.
func Control(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	if err := raw.Control(func(fd uintptr) { failure = do(int(fd)) }); err != nil {
		return err
	}
	return failure
}
