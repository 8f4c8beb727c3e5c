package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/fingerprint"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	dtlsnet "github.com/pion/dtls/v3/pkg/net"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v3"
)

// transport is one UDP port that one of a browser's connections reaches: an
// ICE-lite end (RFC 8445, 2.5), DTLS as the server, and SRTP.
type transport struct {
	id         string
	room       *room
	conn       *net.UDPConn
	ufrag, pwd string
	cert       tls.Certificate
	dtls       net.Conn // what DTLS writes comes out here, what is put in it reads

	mu      sync.Mutex
	peer    *net.UDPAddr // where the browser's checks come from
	in, out *srtp.Context
}

func newTransport(r *room, id string) (*transport, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	cert, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 20)
	rand.Read(secret)
	inner, outer := net.Pipe()
	t := &transport{id: id, room: r, conn: conn, ufrag: hex.EncodeToString(secret[:4]), pwd: hex.EncodeToString(secret[4:]), cert: cert, dtls: outer}
	go t.read()
	go t.writeDTLS()
	go t.handshake(inner)
	return t, nil
}

// options are mediasoup-client's TransportOptions.
func (t *transport) options() any {
	leaf, err := x509.ParseCertificate(t.cert.Certificate[0])
	if err != nil {
		log.Fatal(err)
	}
	print, err := fingerprint.Fingerprint(leaf, crypto.SHA256)
	if err != nil {
		log.Fatal(err)
	}
	port := t.conn.LocalAddr().(*net.UDPAddr).Port
	return map[string]any{
		"id":             t.id,
		"iceParameters":  map[string]any{"usernameFragment": t.ufrag, "password": t.pwd, "iceLite": true},
		"iceCandidates":  []any{map[string]any{"foundation": "1", "priority": 1076302079, "address": "127.0.0.1", "ip": "127.0.0.1", "protocol": "udp", "port": port, "type": "host"}},
		"dtlsParameters": map[string]any{"role": "auto", "fingerprints": []any{map[string]string{"algorithm": "sha-256", "value": strings.ToUpper(print)}}},
	}
}

// read tells apart what arrives at the port (RFC 7983).
func (t *transport) read() {
	buf := make([]byte, 2048)
	for {
		n, from, err := t.conn.ReadFromUDP(buf)
		if err != nil {
			return
		}
		switch b := buf[:n]; {
		case n < 12:
		case b[0] < 4:
			t.check(b, from)
		case b[0] >= 20 && b[0] < 64:
			t.dtls.Write(b)
		case b[0] >= 128:
			t.media(b)
		}
	}
}

// check answers a connectivity check.
func (t *transport) check(b []byte, from *net.UDPAddr) {
	request := &stun.Message{Raw: append([]byte(nil), b...)}
	integrity := stun.NewShortTermIntegrity(t.pwd)
	if request.Decode() != nil || request.Type != stun.BindingRequest || integrity.Check(request) != nil {
		return
	}
	answer, err := stun.Build(request, stun.BindingSuccess, &stun.XORMappedAddress{IP: from.IP, Port: from.Port}, integrity, stun.Fingerprint)
	if err != nil {
		return
	}
	t.mu.Lock()
	if t.peer == nil || request.Contains(stun.AttrUseCandidate) {
		t.peer = from
	}
	t.mu.Unlock()
	t.conn.WriteToUDP(answer.Raw, from)
}

func (t *transport) send(b []byte) {
	t.mu.Lock()
	peer := t.peer
	t.mu.Unlock()
	if peer != nil {
		t.conn.WriteToUDP(b, peer)
	}
}

func (t *transport) writeDTLS() {
	buf := make([]byte, 2048)
	for {
		n, err := t.dtls.Read(buf)
		if err != nil {
			return
		}
		t.send(buf[:n])
	}
}

func (t *transport) handshake(inner net.Conn) {
	defer inner.Close()
	conn, err := dtls.Server(dtlsnet.PacketConnFromConn(inner), inner.RemoteAddr(), &dtls.Config{
		Certificates:           []tls.Certificate{t.cert},
		ClientAuth:             dtls.RequireAnyClientCert,
		ExtendedMasterSecret:   dtls.RequireExtendedMasterSecret,
		SRTPProtectionProfiles: []dtls.SRTPProtectionProfile{dtls.SRTP_AES128_CM_HMAC_SHA1_80},
	})
	if err != nil {
		log.Printf("transport %s: DTLS: %v", t.id, err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		log.Printf("transport %s: DTLS: %v", t.id, err)
		return
	}
	state, _ := conn.ConnectionState()
	config := srtp.Config{Profile: srtp.ProtectionProfileAes128CmHmacSha1_80}
	if err := config.ExtractSessionKeysFromDTLS(&state, false); err != nil {
		log.Printf("transport %s: keys: %v", t.id, err)
		return
	}
	in, err := srtp.CreateContext(config.Keys.RemoteMasterKey, config.Keys.RemoteMasterSalt, config.Profile)
	if err != nil {
		log.Fatal(err)
	}
	out, err := srtp.CreateContext(config.Keys.LocalMasterKey, config.Keys.LocalMasterSalt, config.Profile)
	if err != nil {
		log.Fatal(err)
	}
	t.mu.Lock()
	t.in, t.out = in, out
	t.mu.Unlock()
	for buf := make([]byte, 2048); ; { // whatever else DTLS brings: its alerts end the connection
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}

// media decrypts a packet and gives it to the room.
func (t *transport) media(b []byte) {
	t.mu.Lock()
	in := t.in
	t.mu.Unlock()
	if in == nil {
		return
	}
	if b[1] >= 192 && b[1] < 224 { // RTCP (RFC 5761)
		if plain, err := in.DecryptRTCP(nil, b, nil); err == nil {
			t.room.rtcp(t, plain)
		}
		return
	}
	if plain, err := in.DecryptRTP(nil, b, nil); err == nil {
		t.room.rtp(t, plain, binary.BigEndian.Uint32(plain[8:]))
	}
}

// sendRTP and sendRTCP are called under the room's lock.
func (t *transport) sendRTP(plain []byte) {
	t.sendWith(func(c *srtp.Context) ([]byte, error) { return c.EncryptRTP(nil, plain, nil) })
}

func (t *transport) sendRTCP(plain []byte) {
	t.sendWith(func(c *srtp.Context) ([]byte, error) { return c.EncryptRTCP(nil, plain, nil) })
}

func (t *transport) sendWith(encrypt func(*srtp.Context) ([]byte, error)) {
	t.mu.Lock()
	out := t.out
	t.mu.Unlock()
	if out == nil {
		return
	}
	if b, err := encrypt(out); err == nil {
		t.send(b)
	}
}
