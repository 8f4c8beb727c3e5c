package rtc

import "encoding/binary"

// LookupMember returns the member called name, or 0. It does not allocate.
//
// A poll names more than a hundred members, so this is the busiest function
// of the decoders: a table under a hash of the name's length, first and last
// bytes takes a third of the time of Go's map.
func LookupMember(name []byte) Member {
	for i := memberHash(name); ; i++ {
		m := memberTable[i%memberSlots]
		if m == 0 || dictionary[m].Name == string(name) {
			return m
		}
	}
}

// memberSlots is a power of two, at least twice the number of members, so that
// most names are found at the first look.
const memberSlots = 1024

var _ [memberSlots - 2*Members]struct{}

var memberTable = func() (table [memberSlots]Member) {
	for m := Member(1); m < memberEnd; m++ {
		name := []byte(dictionary[m].Name)
		i := memberHash(name) % memberSlots
		for ; table[i] != 0; i = (i + 1) % memberSlots {
			if dictionary[table[i]].Name == string(name) {
				panic("rtc: member declared twice: " + string(name))
			}
		}
		table[i] = m
	}
	return table
}()

func memberHash(name []byte) uint32 {
	var a, b uint64
	switch n := len(name); {
	case n >= 8:
		a, b = binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
	case n >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))
	default:
		for _, c := range name {
			a = a<<8 | uint64(c)
		}
	}
	// Odd multipliers spread the bytes over the upper bits, which are kept.
	return uint32((a*0x9e3779b97f4a7c15 ^ (b+uint64(len(name)))*0xc2b2ae3d27d4eb4f) >> 54)
}
