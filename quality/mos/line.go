package mos

import "math"

// Line is everything that the narrowband E-model asks of a connection besides
// codec and packet loss (ITU-T G.107 Table 3).
type Line struct {
	SLR, RLR   float64 // send and receive loudness rating, dB
	STMR, LSTR float64 // sidetone masking rating, listener sidetone rating, dB
	Ds         float64 // D-value of the telephone at the send side
	TELR       float64 // talker echo loudness rating, dB
	WEPL       float64 // weighted echo path loss, dB
	Qdu        float64 // quantization distortion units
	Nc, Nfor   float64 // circuit noise, noise floor at the receive side, dBm0p
	Ps, Pr     float64 // room noise at either side, dB(A)
	Ta, T, Tr  float64 // absolute delay, of the echo path one way, of the four-wire loop both ways, ms
	IeEff      float64 // effective equipment impairment
	A          float64 // advantage factor
}

// DefaultLine returns the defaults of G.107 Table 3. Its Rating is 93.2.
func DefaultLine() Line {
	return Line{SLR: 8, RLR: 2, STMR: 15, LSTR: 18, Ds: 3, TELR: 65, WEPL: 110, Qdu: 1, Nc: -70, Nfor: -64, Ps: 35, Pr: 35}
}

// Rating returns R = Ro − Is − Id − Ie,eff + A (G.107 eq. 7-1).
func (l Line) Rating() float64 {
	ro := l.Signal()
	return ro - l.simultaneous(ro) - l.Delay() - l.IeEff + l.A
}

// Signal returns Ro, the ratio of signal to noise (G.107 eq. 7-2).
func (l Line) Signal() float64 { return 15 - 1.5*(l.SLR+l.noise()) }

// noise is No: circuit, rooms and receiver together (G.107 eq. 7-3 to 7-7).
func (l Line) noise() float64 {
	olr := l.SLR + l.RLR
	nos := l.Ps - l.SLR - l.Ds - 100 + 0.004*math.Pow(l.Ps-olr-l.Ds-14, 2)
	pre := l.Pr + decibels(1+power(10-l.LSTR))
	nor := l.RLR - 121 + pre + 0.008*math.Pow(pre-35, 2)
	return decibels(power(l.Nc) + power(nos) + power(nor) + power(l.Nfor+l.RLR))
}

// simultaneous is Is: what comes together with the voice (G.107 eq. 7-8).
func (l Line) simultaneous(ro float64) float64 {
	// Too loud a connection, eq. 7-9 and 7-10.
	xolr := l.SLR + l.RLR + 0.2*(64+l.noise()-l.RLR)
	iolr := 20 * (math.Pow(1+math.Pow(xolr/8, 8), 1./8) - xolr/8)
	// Quantization, eq. 7-13 to 7-17.
	q := 37 - 15*math.Log10(l.Qdu)
	g := 1.07 + 0.258*q + 0.0602*q*q
	y := (ro-100)/15 + 46/8.4 - g/9
	z := 46./30 - g/40
	iq := 15 * math.Log10(1+math.Pow(10, y)+math.Pow(10, z))
	return iolr + l.sidetone() + iq
}

// sidetone is Ist (G.107 eq. 7-11 and 7-12).
func (l Line) sidetone() float64 {
	stmro := -decibels(power(-l.STMR) + math.Exp(-l.T/4)*power(-l.TELR))
	bend := func(by, at, exponent float64) float64 {
		return math.Pow(1+math.Pow(math.Abs(stmro-at)/by, exponent), 1/exponent)
	}
	return 12*bend(6, 13, 8) - 28*bend(19.4, -1, 35) - 13*bend(33, 3, 13) + 29
}

// Delay returns Id, what delay and echo impair: talker echo, listener echo and
// the delay itself (G.107 eq. 7-18).
func (l Line) Delay() float64 {
	return l.talkerEcho() + l.listenerEcho() + Narrowband.Delay(l.Ta)
}

// talkerEcho is Idte (G.107 eq. 7-19 to 7-24): nothing below 1 ms, where echo
// is sidetone.
func (l Line) talkerEcho() float64 {
	if l.T < 1 {
		return 0
	}
	terv := l.TELR - 40*math.Log10((1+l.T/10)/(1+l.T/150)) + 6*math.Exp(-0.3*l.T*l.T)
	if l.STMR < 9 {
		terv += l.sidetone() / 2
	}
	half := (-1.5*(l.noise()-l.RLR) - (80 + 2.5*(terv-14))) / 2 // (Roe − Re)/2
	idte := (half + math.Sqrt(half*half+100) - 1) * (1 - math.Exp(-l.T))
	if l.STMR > 20 {
		idte = math.Hypot(idte, l.sidetone())
	}
	return idte
}

// listenerEcho is Idle (G.107 eq. 7-25 and 7-26).
func (l Line) listenerEcho() float64 {
	half := (l.Signal() - 10.5*(l.WEPL+7)*math.Pow(l.Tr+1, -0.25)) / 2
	return half + math.Sqrt(half*half+169)
}

func decibels(power float64) float64 { return 10 * math.Log10(power) }
func power(decibels float64) float64 { return math.Pow(10, decibels/10) }
