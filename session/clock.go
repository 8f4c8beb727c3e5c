package session

// clock maps a client's clock to the server's. The offset is the smallest
// difference seen while the first records came, because delay only adds to
// it; later it is moved only when the client's clock must have jumped, so that
// rows do not wander.
type clock struct {
	offset int64 // ms to add to the client's time
	known  bool
	seen   int   // records that took part in learning
	first  int64 // when learning began, server's clock
	last   int64 // newest client's time

	// While records come later than the offset explains it may be a buffer
	// being sent (the difference shrinks) or a clock that was put back (it
	// stays): the smallest difference since lateFrom decides.
	lateFrom, lateLeast int64
	lateSeen            int
}

const (
	learnRecords = 256    // several bursts of a client's buffer
	learnFor     = 10_000 // ms
	jump         = 5_000  // ms: more than a network delays, less than anyone sets a clock by
	lateRecords  = 20     // this many late records …
	lateFor      = 15_000 // … over this long are not a buffer being sent
)

// observe takes the times of a record and reports whether the client's clock
// jumped. Records without a client's time say nothing.
func (c *clock) observe(client, received int64) (jumped bool) {
	if client == 0 {
		return false
	}
	defer func() { c.last = client }()
	off := received - client
	switch {
	case !c.known:
		c.restart(off, received)
		return false
	case c.seen < learnRecords && received-c.first < learnFor && off > c.offset-jump && off < c.offset:
		c.offset = off
	case off < c.offset-jump && c.seen < learnRecords && received-c.first < learnFor && client >= c.last:
		// The first records had waited in the client's buffer; no clock jumped.
		c.offset = off
	case off < c.offset-jump: // nothing arrives before it was sent
		c.restart(off, received)
		return true
	case off > c.offset+jump && client < c.last-1000: // put back
		c.restart(off, received)
		return true
	}
	c.seen++
	if off <= c.offset+jump {
		c.lateSeen = 0
		return false
	}
	if c.lateSeen == 0 || off < c.lateLeast-1000 { // shrinking: a buffer is being sent
		c.lateFrom, c.lateLeast, c.lateSeen = received, off, 0
	}
	c.lateSeen++
	if c.lateSeen >= lateRecords && received-c.lateFrom >= lateFor {
		c.restart(c.lateLeast, received)
		return true
	}
	return false
}

func (c *clock) restart(offset, received int64) {
	c.offset, c.known, c.seen, c.first, c.lateSeen = offset, true, 1, received, 0
}

// server returns the server's time of something that the client dated so;
// never later than it was received. 0 means the client did not date it.
func (c *clock) server(client, received int64) int64 {
	if client == 0 || !c.known {
		return received
	}
	return min(client+c.offset, received)
}
