package issue

import "testing"

// up connects pc1 in 0.4 s, from the first description at 0.1 s.
const up = `
	0 pc1 create {"iceServers":[{"urls":"stun:stun.example"}]}
	0.05 pc1 addTrack {"kind":"video","id":"v1"}
	0.1 pc1 sld {"type":"offer","sdp":"m=audio"}
	0.1 pc1 sldOK
	0.1 pc1 gathering "gathering"
	0.15 pc1 candidate {"candidate":"candidate:1 1 udp 1 10.0.0.1 1 typ host"}
	0.2 pc1 srd {"type":"answer","sdp":"m=audio\r\na=candidate:1 1 udp 1 10.0.0.2 1 typ host\r\n"}
	0.2 pc1 srdOK
	0.3 pc1 ice "checking"
	0.3 pc1 conn "connecting"
	0.4 pc1 ice "connected"
	0.5 pc1 conn "connected"
`

func TestSlowJoin(t *testing.T) {
	runEventCases(t, []eventCase{
		{"in time", up + "\n 30 tick\n 31 end leave", ""},
		{"signalling takes 6 s", `
			0 pc1 create {}
			0 pc1 addTrack {"kind":"video","id":"v1"}
			0.1 pc1 sld
			0.1 pc1 sldOK
			6.1 pc1 srd {"sdp":"m=video"}
			6.2 pc1 srdOK
			6.3 pc1 addIceCandidate {"candidate":"a typ host"}
			6.3 pc1 ice "checking"
			6.4 pc1 ice "connected"
			6.5 pc1 conn "connected"
			7 stream 1 pc1 send video v1
			8 flows 1
			30 end leave`, "slow_join signalling server medium 0–7"},
		{"ICE takes 7 s, and it is told while it lasts", `
			0 pc1 create {}
			0 pc1 addTrack {"kind":"video","id":"v1"}
			0.1 pc1 sld
			0.1 pc1 sldOK
			0.2 pc1 srd {"sdp":"m=video\r\na=candidate:1 typ host\r\n"}
			0.2 pc1 srdOK
			0.3 pc1 ice "checking"
			0.3 pc1 conn "connecting"
			7.3 pc1 ice "connected"
			7.4 pc1 conn "connected"
			20 tick
			30 end leave`, "slow_join ice network medium 0–7.4"},
		{"eleven seconds are bad", `
			0 pc1 create {}
			0 pc1 addTrack {"kind":"video","id":"v1"}
			0.1 pc1 srd {"sdp":"m=video\r\na=candidate:1 typ host\r\n"}
			0.1 pc1 srdOK
			0.2 pc1 sld
			0.2 pc1 sldOK
			0.3 pc1 ice "checking"
			0.3 pc1 conn "connecting"
			1 pc1 ice "connected"
			11.5 pc1 conn "connected"
			30 end leave`, "slow_join dtls network high 0–11.5"},
		{"a prompt is no network's", `
			0 - getUserMedia {"audio":true,"video":true}
			12 - getUserMediaOnSuccess [{"kind":"audio","id":"a1"},{"kind":"video","id":"v1"}]
			12 pc1 create {}
			12 pc1 addTrack {"kind":"video","id":"v1"}
			12.1 pc1 sld
			12.1 pc1 sldOK
			12.2 pc1 srd {"sdp":"m=video\r\na=candidate:1 typ host\r\n"}
			12.2 pc1 srdOK
			12.3 pc1 ice "connected"
			12.4 pc1 conn "connected"
			30 end leave`, "slow_join device local_user low 0–12"},
		{"who waits for the other user is not late", `
			0 pc1 create {}
			0.1 pc1 addTrack {"kind":"video","id":"v1"}
			0.1 pc1 sld {"sdp":"m=video"}
			0.1 pc1 sldOK
			95 pc1 srd {"sdp":"m=video\r\na=candidate:1 typ host\r\n"}
			95 pc1 srdOK
			95.1 pc1 ice "connected"
			95.2 pc1 conn "connected"
			120 end leave`, ""},
		{"who waits in vain is not late either", "0 pc1 create {}\n 0.1 pc1 sld {\"sdp\":\"m=video\"}\n 0.1 pc1 sldOK\n 200 tick\n 300 end leave", ""},
		{"a preview before the join does not count", `
			0 - getUserMedia {"audio":true}
			0.5 - getUserMediaOnSuccess [{"kind":"audio","id":"a1"}]
			60 - join` + "\n" + shifted(up, 60.2) + "\n 90 end leave", ""},
		{"one that was closed is not late", `
			0 pc1 create {}
			0.1 pc1 srd {"sdp":"m=video\r\na=candidate:1 typ host\r\n"}
			0.1 pc1 srdOK
			0.1 pc1 sldOK
			2 pc1 close
			30 tick
			31 end leave`, ""},
	})
}

func TestICEFailed(t *testing.T) {
	const agreed = `
		0 pc1 create {"iceServers":[]}
		0 pc1 addTrack {"kind":"video","id":"v1"}
		0.1 pc1 sld
		0.1 pc1 sldOK
		0.1 pc1 gathering "gathering"
		0.2 pc1 candidate {"candidate":"c typ host"}
		0.3 pc1 gathering "complete"
		0.5 pc1 srd {"sdp":"m=video\r\na=candidate:1 typ host\r\n"}
		0.5 pc1 srdOK
		0.5 pc1 ice "checking"
		0.5 pc1 conn "connecting"
	`
	runEventCases(t, []eventCase{
		{"checks fail without a relay", agreed + "\n 4 pc1 ice \"failed\"\n 4 pc1 conn \"failed\"\n 9 end leave", "ice_failed no_relay network high 0.5–9"},
		{"the user leaves before", agreed + "\n 4 pc1 close\n 4 end leave", ""},
		{"it is connected at last", agreed + "\n 4 pc1 ice \"failed\"\n 4.5 pc1 ice \"checking\"\n 4.8 pc1 ice \"connected\"\n 4.9 pc1 conn \"connected\"\n 9 end leave", "ice_failed no_relay network high 0.5–4.8"},
		{"nothing is heard of it for 15 s", `
			0 pc1 create {"iceServers":[{"urls":"turn:t.example?transport=udp"}],"iceTransportPolicy":"relay"}
			0 pc1 addTrack {"kind":"video","id":"v1"}
			0.1 pc1 sld
			0.1 pc1 sldOK
			0.1 pc1 gathering "gathering"
			0.5 pc1 srd {"sdp":"m=video\r\n"}
			0.5 pc1 srdOK
			20 tick
			24 end leave`, `turn_unreachable no_answer network high 0.1–24
			ice_failed turn_unreachable network high 0.5–24`},
		{"the other end sent no address", `
			0 pc1 create {"iceServers":[]}
			0 pc1 addTrack {"kind":"video","id":"v1"}
			0.1 pc1 sld
			0.1 pc1 sldOK
			0.1 pc1 gathering "gathering"
			0.2 pc1 candidate {"candidate":"c typ host"}
			0.5 pc1 srd {"sdp":"m=video\r\n"}
			0.5 pc1 srdOK
			24 end leave`, "ice_failed no_remote_candidates remote_user high 0.5–24"},
		{"a second connection that fails beside a good one", up + `
			1 pc2 create {"iceServers":[]}
			1 pc2 addTrack {"kind":"video","id":"v1"}
			1.1 pc2 sldOK
			1.1 pc2 srdOK
			1.2 pc2 candidate {"candidate":"c typ host"}
			3 pc2 ice "failed"
			9 end leave`, "ice_failed no_relay network medium 1.1–9"},
		{"one for data only", `
			0 pc1 create {"iceServers":[]}
			0 pc1 createDataChannel ["ipd"]
			0.1 pc1 sldOK
			0.1 pc1 srdOK
			3 pc1 ice "failed"
			9 end leave`, "ice_failed checks_failed network low 0.1–9"},
		{"DTLS fails, not ICE", agreed + "\n 0.6 pc1 ice \"connected\"\n 3 pc1 conn \"failed\"\n 9 end leave", "negotiation_failed dtls network high 3–9"},
		{"an old browser without connectionState", `
			0 pc1 create {"iceServers":[]}
			0 pc1 addStream "audio:a1"
			0.1 pc1 sldOK
			0.1 pc1 srdOK
			0.2 pc1 candidate {"candidate":"c typ host"}
			0.3 pc1 ice "checking"
			0.5 pc1 ice "connected"
			0.6 pc1 ice "completed"
			30 end leave`, ""},
	})
}

func TestTurnUnreachable(t *testing.T) {
	const turn = `
		0 pc1 create {"iceServers":[{"urls":["stun:s.example","turn:t.example:3478?transport=udp"]},{"urls":"turns:t.example:443"}]}
		0 pc1 addTrack {"kind":"video","id":"v1"}
		0.1 pc1 sld
		0.1 pc1 sldOK
		0.1 pc1 gathering "gathering"
	`
	runEventCases(t, []eventCase{
		{"an error of one interface while a relay came", turn + `
			0.2 pc1 candidate {"candidate":"c typ host"}
			0.3 pc1 error {"url":"turn:t.example:3478?transport=udp","errorCode":701,"errorText":"TURN allocate request timed out."}
			0.4 pc1 candidate {"candidate":"c typ relay"}
			0.5 pc1 gathering "complete"
			9 end leave`, ""},
		{"no relay when gathering is complete", turn + `
			0.2 pc1 candidate {"candidate":"c typ host"}
			3 pc1 error {"url":"turns:t.example:443","errorCode":701,"errorText":"TURN host lookup received error."}
			3 pc1 gathering "complete"
			9 end leave`, "turn_unreachable no_answer network high 0.1–9"},
		{"wrong credentials", turn + `
			0.4 pc1 error {"url":"turn:t.example:3478?transport=udp","errorCode":401,"errorText":"Unauthorized"}
			0.5 pc1 gathering "complete"
			9 end leave`, "turn_unreachable refused server high 0.1–9"},
		{"an error of a STUN server is none", turn + `
			0.3 pc1 error {"url":"stun:s.example","errorCode":701}
			0.4 pc1 candidate {"candidate":"c typ relay"}
			0.5 pc1 gathering "complete"
			9 end leave`, ""},
		{"a relay that comes late ends it", turn + `
			5.5 tick
			6 pc1 candidate {"candidate":"c typ relay"}
			9 end leave`, "turn_unreachable no_answer network high 0.1–6"},
		{"gathering ends early where a path is found", turn + `
			0.2 pc1 candidate {"candidate":"c typ host"}
			0.3 pc1 srdOK
			0.4 pc1 ice "connected"
			0.5 pc1 conn "connected"
			0.6 pc1 gathering "complete"
			20 end leave`, ""},
		{"a path is found, and the relay refuses", turn + `
			0.2 pc1 candidate {"candidate":"c typ host"}
			0.3 pc1 srdOK
			0.4 pc1 ice "connected"
			0.5 pc1 conn "connected"
			0.5 pc1 error {"url":"turn:t.example:3478","errorCode":401,"errorText":"Unauthorized"}
			0.6 pc1 gathering "complete"
			20 end leave`, "turn_unreachable refused server low 0.1–20"},
		{"no relay is configured", `
			0 pc1 create {"iceServers":[{"urls":"stun:return.example"}]}
			0.1 pc1 gathering "gathering"
			0.2 pc1 gathering "complete"
			20 end leave`, ""},
	})
}

func TestRelayOverTCP(t *testing.T) {
	runEventCases(t, []eventCase{
		{"direct", up + "\n 1 path pc1 host udp\n 9 end leave", ""},
		{"a relay over UDP", up + "\n 1 path pc1 relay udp\n 9 end leave", ""},
		{"the only one", `
			0 pc1 create {"iceServers":[{"urls":"turn:t.example?transport=tcp"}]}
			0.5 pc1 conn "connected"
			1 path pc1 relay tcp
			9 end leave`, "relay_over_tcp only_tcp_configured server low 0.5–9"},
		{"though UDP answered", `
			0 pc1 create {"iceServers":[{"urls":["turn:t.example","turns:t.example:443?transport=tcp"]}]}
			0.2 pc1 candidate {"candidate":"candidate:1 1 udp 41885695 192.0.2.1 1 typ relay"}
			0.3 pc1 candidate {"candidate":"candidate:2 1 udp 8331519 192.0.2.1 2 typ relay"}
			0.5 pc1 conn "connected"
			1 path pc1 relay tls
			9 end leave`, "relay_over_tcp tcp_chosen network low 0.5–9"},
		{"though UDP was configured, and better later", `
			0 pc1 create {"iceServers":[{"urls":["turn:t.example","turns:t.example:443?transport=tcp"]}]}
			0.5 pc1 conn "connected"
			1 path pc1 relay tls
			6 path pc1 relay udp
			9 end leave`, "relay_over_tcp udp_blocked network low 0.5–6"},
	})
}

func TestNegotiationFailed(t *testing.T) {
	runEventCases(t, []eventCase{
		{"two offers at once, mended", up + `
			5 pc1 setRemoteDescriptionOnFailure {"name":"InvalidStateError","message":"Called in wrong state"}
			5.4 pc1 srdOK
			20 end leave`, "negotiation_failed set_remote_description unknown low 5–5.4"},
		{"not mended", up + `
			5 pc1 setLocalDescriptionOnFailure {"name":"InvalidAccessError","message":"m-line order"}
			20 end leave`, "negotiation_failed set_local_description unknown medium 5–20"},
		{"the first, not mended", `
			0 pc1 create {}
			0.1 pc1 srd
			0.2 pc1 setRemoteDescriptionOnFailure "Failed to parse SessionDescription"
			20 end leave`, "negotiation_failed set_remote_description unknown high 0.2–20"},
		{"candidates that are refused are common", up + "\n 1 pc1 addIceCandidateOnFailure {\"name\":\"OperationError\"}\n 9 end leave", ""},
	})
}
