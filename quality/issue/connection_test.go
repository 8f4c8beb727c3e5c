package issue

import "testing"

func TestConnectionLost(t *testing.T) {
	runEventCases(t, []eventCase{
		{"back within 3 s", up + "\n 10 pc1 ice \"disconnected\"\n 10 pc1 conn \"disconnected\"\n 11.5 pc1 ice \"connected\"\n 11.5 pc1 conn \"connected\"\n 30 end leave",
			"connection_lost path_lost network low 10–11.5"},
		{"back after 5 s", up + "\n 10 pc1 conn \"disconnected\"\n 15 pc1 conn \"connected\"\n 30 end leave",
			"connection_lost path_lost network medium 10–15"},
		{"for good", up + "\n 10 pc1 conn \"disconnected\"\n 25 pc1 conn \"failed\"\n 30 end leave",
			"connection_lost path_lost network high 10–30"},
		{"the page leaves when the other end does", up + "\n 10 pc1 conn \"disconnected\"\n 11 pc1 close\n 11 end leave", ""},
		{"the session ends before it is one", up + "\n 10 pc1 conn \"disconnected\"\n 11 end leave", ""},
		{"failed before it was connected", "0 pc1 create {}\n 1 pc1 conn \"connecting\"\n 9 pc1 conn \"failed\"\n 9 pc1 close\n 20 end leave",
			"ice_failed checks_failed network low 9–9"},
		{"the machine is offline", up + `
			9 - network {"online":false}
			12 pc1 conn "disconnected"
			18 - network {"online":true}
			19 pc1 conn "connected"
			30 end leave`, `network_switch offline network medium 9–18
			connection_lost offline network medium 12–19`},
		{"from one network to another", up + `
			9 - network {"online":true,"type":"cellular"}
			12 pc1 conn "disconnected"
			16 pc1 conn "connected"
			30 end leave`, `network_switch network_type network low 9–9
			connection_lost network_switch network medium 12–16`},
		{"while another connection works", up + shifted(second, 1) + `
			10 pc2 conn "disconnected"
			30 pc2 conn "failed"
			40 end leave`, "connection_lost path_lost network low 10–40"},
		{"an old browser without connectionState", `
			0 pc1 create {}
			0 pc1 addStream "audio:a1"
			0.1 pc1 sldOK
			0.1 pc1 srdOK
			0.5 pc1 ice "connected"
			0.6 pc1 ice "completed"
			10 pc1 ice "disconnected"
			16 pc1 ice "completed"
			30 end leave`, "connection_lost path_lost network medium 10–16"},
	})
}

// second connects pc2.
const second = `
	0 pc2 create {}
	0 pc2 addTrack {"kind":"audio","id":"a2"}
	0.1 pc2 sldOK
	0.1 pc2 srdOK
	0.2 pc2 ice "connected"
	0.3 pc2 conn "connected"
`

func TestReconnect(t *testing.T) {
	runEventCases(t, []eventCase{
		{"ICE is restarted", up + `
			8 pc1 restartIce
			8 pc1 createOffer {"iceRestart":true}
			8.1 pc1 sldOK
			8.3 pc1 srdOK
			20 end leave`, "reconnect ice_restart network low 8–8.3"},
		{"by the older way, after a loss", up + `
			8 pc1 conn "disconnected"
			9 pc1 createOffer {"iceRestart":true}
			9.1 pc1 sldOK
			9.3 pc1 srdOK
			10 pc1 conn "connected"
			20 end leave`, `reconnect ice_restart network low 9–10
			connection_lost path_lost network low 8–10`},
		{"before it was ever connected it is a part of joining", "0 pc1 create {}\n 1 pc1 restartIce\n 9 end leave", ""},
		{"three times in a minute", up + `
			8 pc1 restartIce
			8.3 pc1 srdOK
			18 pc1 restartIce
			18.3 pc1 srdOK
			28 pc1 restartIce
			28.3 pc1 srdOK
			40 end leave`, `reconnect ice_restart network low 8–8.3
			reconnect ice_restart network low 18–18.3
			reconnect ice_restart network medium 28–28.3`},
		{"another connection in place of one that failed", up + `
			10 pc1 conn "disconnected"
			20 pc1 conn "failed"
			21 pc1 close` + "\n" + shifted(second, 21) + `
			40 end leave`, `connection_lost path_lost network high 10–21
			reconnect new_connection network low 21–21.2`},
		{"a second connection is no reconnect", up + shifted(second, 5) + "\n 40 end leave", ""},
	})
}

func TestNetworkSwitch(t *testing.T) {
	runEventCases(t, []eventCase{
		{"the first network that is told", "1 - network {\"online\":true,\"type\":\"wifi\"}\n 9 end leave", ""},
		{"another", "1 - network {\"online\":true,\"type\":\"ethernet\"}\n 5 - network {\"online\":true,\"type\":\"ethernet\",\"rtt\":50}\n 9 end leave",
			"network_switch network_type network low 1–1"},
		{"a browser that does not know", "1 - network {\"online\":true,\"type\":\"unknown\"}\n 2 - network {\"online\":true}\n 9 end leave", ""},
		{"a connection that finds a better path at its start", up + "\n 1 path pc1 relay udp\n 4 path pc1 host udp\n 30 end leave", ""},
		{"a connection that has to take another later", up + "\n 1 path pc1 host udp\n 20 path pc1 srflx udp\n 30 end leave",
			"network_switch path network low 20–20"},
		{"another address of the same kind", up + "\n 1 transport 9 pc1\n 5 switches 9\n 25 switches 9\n 26 switches 9\n 50 end leave",
			"network_switch path network low 25–25"},
	})
}

func TestParticipantVanished(t *testing.T) {
	runEventCases(t, []eventCase{
		{"no goodbye", up + "\n 40 end timeout", "participant_vanished no_goodbye local_user high 40–40"},
		{"a goodbye", up + "\n 40 end leave", ""},
		{"the end of a file is no end of a call", up + "\n 40 end import", ""},
		{"all was closed before", up + "\n 39 pc1 close\n 40 end timeout", ""},
		{"it never came to anything", "0 pc1 create {}\n 0.1 pc1 sld\n 40 end timeout", ""},
		{"a phone put the page away", up + "\n 30 - visibility {\"hidden\":true}\n 35 end timeout", "participant_vanished page_hidden local_user low 35–35"},
		{"the machine was offline", up + "\n 30 - network {\"online\":false}\n 35 end timeout", `network_switch offline network medium 30–35
			participant_vanished offline local_user high 35–35`},
	})
}

func TestClockTrouble(t *testing.T) {
	runEventCases(t, []eventCase{
		{"set", "10 tick\n 11 - clock {\"was\":0,\"offset\":-3600000}\n 20 end leave", "clock_trouble clock_set local_user low 11–11"},
		{"slept", "10 tick\n 610 - clock {\"was\":5,\"offset\":600005}\n 620 end leave", "clock_trouble sleep local_user medium 10–610"},
		{"a gap alone is no trouble of a clock", "10 tick\n 100 tick\n 120 end leave", ""},
	})
}

func TestPageHidden(t *testing.T) {
	runEventCases(t, []eventCase{
		{"for a while", up + "\n 10 - visibility {\"hidden\":true}\n 30 - visibility {\"hidden\":false}\n 40 end leave", "page_hidden hidden local_user low 10–30"},
		{"for a moment", up + "\n 10 - visibility {\"hidden\":true}\n 15 - visibility {\"hidden\":false}\n 40 end leave", ""},
		{"twice told", up + "\n 10 - visibility {\"hidden\":true}\n 12 - visibility {\"hidden\":true}\n 30 - visibility {\"hidden\":false}\n 40 end leave", "page_hidden hidden local_user low 10–30"},
		{"outside a call", "10 - visibility {\"hidden\":true}\n 30 - visibility {\"hidden\":false}\n 40 end leave", ""},
	})
}

func TestAppError(t *testing.T) {
	many := ""
	for range 12 {
		many += "20 log error \"it broke\"\n"
	}
	runEventCases(t, []eventCase{
		{"one", "5 log error {\"name\":\"TypeError\",\"message\":\"x is undefined\"}\n 80 end leave", "app_error reported local_user low 5–5"},
		{"a warning is none", "5 log warn \"slow\"\n 80 end leave", ""},
		{"a dozen", many + "80 end leave", "app_error reported local_user medium 20–20"},
		{"two runs", "5 log error \"a\"\n 6 log error \"b\"\n 50 log error \"c\"\n 60 end leave", "app_error reported local_user low 5–6\n app_error reported local_user low 50–60"},
	})
}
