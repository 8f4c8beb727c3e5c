package pion

import (
	"regexp"

	"github.com/pion/webrtc/v4"
)

// The methods below do what those of webrtc.PeerConnection do, and tell of it.
// Handlers of the program are called after ours.

// OnSignalingStateChange sets the program's handler.
func (w *PeerConnection) OnSignalingStateChange(f func(webrtc.SignalingState)) {
	set(w, &w.onSignaling, f)
}

// OnICEConnectionStateChange sets the program's handler.
func (w *PeerConnection) OnICEConnectionStateChange(f func(webrtc.ICEConnectionState)) {
	set(w, &w.onICE, f)
}

// OnConnectionStateChange sets the program's handler.
func (w *PeerConnection) OnConnectionStateChange(f func(webrtc.PeerConnectionState)) {
	set(w, &w.onState, f)
}

// OnICEGatheringStateChange sets the program's handler.
func (w *PeerConnection) OnICEGatheringStateChange(f func(webrtc.ICEGatheringState)) {
	set(w, &w.onGathering, f)
}

// OnICECandidate sets the program's handler.
func (w *PeerConnection) OnICECandidate(f func(*webrtc.ICECandidate)) {
	set(w, &w.onCandidate, f)
}

// OnTrack sets the program's handler.
func (w *PeerConnection) OnTrack(f func(*webrtc.TrackRemote, *webrtc.RTPReceiver)) {
	set(w, &w.onTrack, f)
}

// OnDataChannel sets the program's handler.
func (w *PeerConnection) OnDataChannel(f func(*webrtc.DataChannel)) {
	set(w, &w.onDataChannel, f)
}

// OnNegotiationNeeded sets the program's handler.
func (w *PeerConnection) OnNegotiationNeeded(f func()) {
	set(w, &w.onNegotiationNeeded, f)
}

func set[F any](w *PeerConnection, handler *F, f F) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*handler = f
}

// CreateOffer makes an offer.
func (w *PeerConnection) CreateOffer(options *webrtc.OfferOptions) (d webrtc.SessionDescription, err error) {
	w.correlated("createOffer", options, func() (any, error) {
		d, err = w.PeerConnection.CreateOffer(options)
		return masked(d), err
	})
	return d, err
}

// CreateAnswer makes an answer.
func (w *PeerConnection) CreateAnswer(options *webrtc.AnswerOptions) (d webrtc.SessionDescription, err error) {
	w.correlated("createAnswer", options, func() (any, error) {
		d, err = w.PeerConnection.CreateAnswer(options)
		return masked(d), err
	})
	return d, err
}

// SetLocalDescription sets the local description.
func (w *PeerConnection) SetLocalDescription(d webrtc.SessionDescription) (err error) {
	w.correlated("setLocalDescription", masked(d), func() (any, error) {
		err = w.PeerConnection.SetLocalDescription(d)
		return nil, err
	})
	return err
}

// SetRemoteDescription sets the remote description.
func (w *PeerConnection) SetRemoteDescription(d webrtc.SessionDescription) (err error) {
	w.correlated("setRemoteDescription", masked(d), func() (any, error) {
		err = w.PeerConnection.SetRemoteDescription(d)
		return nil, err
	})
	return err
}

// AddICECandidate adds a candidate of the other end.
func (w *PeerConnection) AddICECandidate(c webrtc.ICECandidateInit) (err error) {
	w.correlated("addIceCandidate", c, func() (any, error) {
		err = w.PeerConnection.AddICECandidate(c)
		return nil, err
	})
	return err
}

// AddTrack sends a track.
func (w *PeerConnection) AddTrack(t webrtc.TrackLocal) (*webrtc.RTPSender, error) {
	w.call("addTrack", trackOf(t))
	return w.PeerConnection.AddTrack(t)
}

// RemoveTrack stops sending a track.
func (w *PeerConnection) RemoveTrack(s *webrtc.RTPSender) error {
	var track any
	if s != nil {
		if t := s.Track(); t != nil {
			track = trackOf(t)
		}
	}
	w.call("removeTrack", track)
	return w.PeerConnection.RemoveTrack(s)
}

// AddTransceiverFromTrack makes a transceiver that sends a track.
func (w *PeerConnection) AddTransceiverFromTrack(t webrtc.TrackLocal, init ...webrtc.RTPTransceiverInit) (*webrtc.RTPTransceiver, error) {
	w.call("addTransceiver", trackOf(t))
	return w.PeerConnection.AddTransceiverFromTrack(t, init...)
}

// AddTransceiverFromKind makes a transceiver.
func (w *PeerConnection) AddTransceiverFromKind(kind webrtc.RTPCodecType, init ...webrtc.RTPTransceiverInit) (*webrtc.RTPTransceiver, error) {
	w.call("addTransceiver", map[string]string{"kind": kind.String()})
	return w.PeerConnection.AddTransceiverFromKind(kind, init...)
}

// CreateDataChannel makes a data channel.
func (w *PeerConnection) CreateDataChannel(label string, init *webrtc.DataChannelInit) (*webrtc.DataChannel, error) {
	w.call("createDataChannel", map[string]string{"label": label})
	return w.PeerConnection.CreateDataChannel(label, init)
}

func trackOf(t webrtc.TrackLocal) any {
	return map[string]any{"id": t.ID(), "kind": t.Kind().String(), "streams": []string{t.StreamID()}}
}

// masked is a description without its credentials.
func masked(d webrtc.SessionDescription) any {
	return map[string]string{"type": d.Type.String(), "sdp": secrets.ReplaceAllString(d.SDP, "${1}***")}
}

// secrets guard the media path: the password of ICE, and keys of SDES.
var secrets = regexp.MustCompile(`(?m)^(a=ice-pwd:|a=crypto:\d+ \S+ inline:).*$`)
