//go:build !linux

package engine

// machineMemory is the machine's memory in bytes, 4 GiB if it is not known.
func machineMemory() int64 { return 4096 * mib }

// sacrifice has no equivalent here.
func sacrifice() {}
