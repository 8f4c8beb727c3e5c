package engine

import (
	"os"
	"syscall"
)

// machineMemory is the machine's memory in bytes, 4 GiB if it is not known.
func machineMemory() int64 {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return 4096 * mib
	}
	return int64(uint64(info.Totalram) * uint64(info.Unit))
}

// sacrifice makes the kernel choose this process before others when the
// machine runs out of memory: it is started again, its parent takes ingest
// down. Where it cannot be set, the kernel's own choice stands.
func sacrifice() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0o644)
}
