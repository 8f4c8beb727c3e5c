package quality

import "github.com/peerglass/peerglass/rtc"

// The figures of a client's own machine come in reports of type client, which
// are no part of W3C's statistics: docs/protocol.md names their members.

var CPUSystem = register(Metric{
	ID: "cpu_system", Label: "CPU, system", Unit: rtc.UnitRatio, Agg: Max, Step: 0.001, Kinds: Client, Dirs: Either,
	From: []rtc.Member{rtc.StatCpuSystem},
	Help: "Share of the machine's processor time that was in use, as the client told it last.",
	Fn:   func(w *Window) float64 { return w.Machine.Now(rtc.StatCpuSystem) },
})

var CPUApp = register(Metric{
	ID: "cpu_app", Label: "CPU, app", Unit: rtc.UnitRatio, Agg: Max, Step: 0.001, Kinds: Client, Dirs: Either,
	From: []rtc.Member{rtc.StatCpuApp},
	Help: "Share of the machine's processor time that the application used, as the client told it last.",
	Fn:   func(w *Window) float64 { return w.Machine.Now(rtc.StatCpuApp) },
})

var CPUPressure = register(Metric{
	ID: "cpu_pressure", Label: "CPU pressure", Unit: rtc.UnitNone, Agg: Max, Step: 1, Kinds: Client, Dirs: Either,
	From: []rtc.Member{rtc.StatCpuPressure},
	Help: "State of the Compute Pressure API: 0 nominal, 1 fair, 2 serious, 3 critical.",
	Fn:   func(w *Window) float64 { return w.Machine.Now(rtc.StatCpuPressure) },
})

var LoopLag = register(Metric{
	ID: "loop_lag", Label: "Event loop lag", Unit: rtc.UnitMilliseconds, Agg: Max, Step: 1, Kinds: Client, Dirs: Either,
	From: []rtc.Member{rtc.StatLoopLag},
	Help: "How much later than asked for the page's timers ran at worst since the poll before: a mark of a busy processor where its use is not told.",
	Fn:   func(w *Window) float64 { return 1000 * w.Machine.Now(rtc.StatLoopLag) },
})

var MemoryUsed = register(Metric{
	ID: "memory_used", Label: "Memory", Unit: rtc.UnitBytes, Agg: Max, Step: 4096, Kinds: Client, Dirs: Either,
	From: []rtc.Member{rtc.StatMemoryUsed},
	Help: "Memory that the application used, as the client told it last.",
	Fn:   func(w *Window) float64 { return w.Machine.Now(rtc.StatMemoryUsed) },
})

var Battery = register(Metric{
	ID: "battery", Label: "Battery", Unit: rtc.UnitRatio, Agg: Last, Step: 0.01, Kinds: Client, Dirs: Either,
	From: []rtc.Member{rtc.StatBattery},
	Help: "Charge of the battery, 1 is full.",
	Fn:   func(w *Window) float64 { return w.Machine.Now(rtc.StatBattery) },
})
