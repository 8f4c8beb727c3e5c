package engine

import (
	"context"
	"time"
)

// StartImpatient is Start with a supervisor that soon takes silence for a hang.
func StartImpatient(ctx context.Context, opts Options) (*Engine, error) {
	p := patient
	p.pingEvery, p.ping, p.failures = 10*time.Millisecond, time.Second, 2
	return start(ctx, opts, p)
}

// StartEager is Start with a supervisor that restarts at once, again and again.
func StartEager(ctx context.Context, opts Options) (*Engine, error) {
	p := patient
	p.backOff, p.backOffTo = time.Millisecond, time.Millisecond
	return start(ctx, opts, p)
}

// HeavyConnections is the number of heavy queries that run at the same time.
func HeavyConnections() int { return newPlan(0).lanes[laneHeavy].connections }
