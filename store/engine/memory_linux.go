package engine

import "syscall"

// machineMemory is the machine's memory in bytes, 4 GiB if it is not known.
func machineMemory() int64 {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 4096 * mib
	}
	return int64(uint64(info.Totalram) * uint64(info.Unit))
}
