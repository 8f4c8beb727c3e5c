package rtc

// Canonical names of records, those of the rtcstats family. Decoders of other
// protocols translate into them; what has no canonical name is passed on as
// it came.
const (
	NameCreate         = "create"      // a peer connection was made; Payload is its configuration
	NameConstraints    = "constraints" // its legacy constraints (rtcStatsClientId, rtcStatsPeerId, rtcStatsConferenceId)
	NameConnectionInfo = "connectionInfo"
	NameIdentity       = "identity"

	NameGetUserMedia    = "navigator.mediaDevices.getUserMedia"    // + OnSuccess, OnFailure
	NameGetDisplayMedia = "navigator.mediaDevices.getDisplayMedia" // + OnSuccess, OnFailure
	NameEnumerate       = "navigator.mediaDevices.enumerateDevices"
	NameDeviceChange    = "navigator.mediaDevices.ondevicechange"

	NameSignalingState = "onsignalingstatechange"     // Payload is the new state as a JSON string; so below
	NameICEState       = "oniceconnectionstatechange" //
	NameConnState      = "onconnectionstatechange"
	NameGatheringState = "onicegatheringstatechange"
	NameICECandidate   = "onicecandidate"
	NameICEError       = "onicecandidateerror"
	NameTrack          = "ontrack"
	NameNegotiation    = "onnegotiationneeded"
	NameDataChannel    = "ondatachannel"

	NameClose = "close" // of a peer connection

	NameJoin            = "join"                      // the application joined, after the page had done something already
	NameMute            = "mute"                      // Payload {"kind":"audio"|"video"|"screen"} of the user's own; of another's that is received also {"user"} or {"track"|"ssrc"|"mid"}
	NameUnmute          = "unmute"                    // so
	NameTrackMute       = "MediaStreamTrack.onmute"   // the browser says that a track brings nothing. Payload {"id","kind"}
	NameTrackUnmute     = "MediaStreamTrack.onunmute" // so
	NameScreenShare     = "screenShare"               // Payload {"on":bool, "ssrc"?, "track"?}
	NameSetVideoType    = "setVideoType"              // Jitsi: Payload {"ssrc","videoType":"camera"|"desktop"}
	NameDominantSpeaker = "dominantSpeaker"           // Payload {"user"} or Jitsi's own
	NameMapStream       = "mapStream"                 // Payload {"track"|"ssrc"|"mid","user","label"}; of a record with a connection and none of these: all that the connection brings
	NameHold            = "hold"                      // the user's own call is held. Payload {"on":bool}
	NameDevices         = "devices"                   // what is in use. Payload {"audioinput"?,"audiooutput"?,"videoinput"?}: labels
	NameError           = "error"                     // an error that the application reports. Payload {"function","name"?,"message"?}
	NameWifi            = "wifi"                      // what the application knows of its wireless link. Payload {"signal"?: %, "rssi"?: dBm, "noise"?: dBm, "interface"?}
	NameVisibility      = "visibility"                // Payload {"hidden":bool}
	NamePageHide        = "pagehide"                  // the page goes: closed, or loaded again, and then it comes back
	NameNetwork         = "network"                   // Payload {"type","downlink","rtt","online"}
	NameFeedback        = "feedback"
	NameFramesMissed    = "peerglass.framesMissed" // told by the server: frames that never came. Payload {"from","to","count"}
	NameLateState       = "peerglass.lateState"    // told by the server: a state that came after the one it led to, and is over. Payload {"event","state"}

	// Suffixes of a call's outcome.
	OnSuccess = "OnSuccess"
	OnFailure = "OnFailure"
)
