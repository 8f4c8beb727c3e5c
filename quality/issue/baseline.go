package issue

// baseline is what is usual of a stream.
type baseline struct {
	fps     float64 // frames per second that it had for some seconds at best
	bitrate float64 // bit/s so
	height  float64 // the most pixels that a picture had
}

// rise lets a usual value follow a higher one within some seconds, so that one
// burst does not make what comes after it look bad.
func rise(usual *float64, v, seconds float64) {
	if v > *usual {
		*usual += (v - *usual) * min(seconds/riseOver, 1)
	}
}

const riseOver = 5 // s
