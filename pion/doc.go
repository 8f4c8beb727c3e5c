package pion

import _ "github.com/pion/webrtc/v4"
