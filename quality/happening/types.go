package happening

import (
	"time"

	"github.com/peerglass/peerglass/rtc"
)

// Lane is the part of a time line in which a type is drawn.
type Lane string

// The lanes, from the top of a time line downwards.
const (
	LaneRoom        Lane = "room"
	LaneConnection  Lane = "connection"
	LaneMedia       Lane = "media"
	LaneDevice      Lane = "device"
	LaneError       Lane = "error"
	LaneApplication Lane = "application"
	LaneFeedback    Lane = "feedback"
)

// Lanes holds all of them in their order, with what people read.
func Lanes() []LaneName {
	return []LaneName{
		{LaneRoom, "Joins and leaves"},
		{LaneConnection, "Connection"},
		{LaneMedia, "Media and mute"},
		{LaneDevice, "Devices and page"},
		{LaneError, "Errors"},
		{LaneApplication, "Application"},
		{LaneFeedback, "Feedback"},
	}
}

// LaneName is a lane with its label.
type LaneName struct {
	Lane  Lane
	Label string
}

// Shape is how a dot of a type looks, beside its colour: nobody has to tell
// colours apart.
type Shape string

// The shapes.
const (
	Circle   Shape = "circle"
	Square   Shape = "square"
	Diamond  Shape = "diamond"
	Triangle Shape = "triangle"
)

// Color names a place in the console's palette, which people with any colour
// vision can tell apart; red is kept for what failed.
type Color string

// The colours.
const (
	Blue   Color = "blue"
	Orange Color = "orange"
	Green  Color = "green"
	Pink   Color = "pink"
	Sky    Color = "sky"
	Amber  Color = "amber"
	Purple Color = "purple"
	Grey   Color = "grey"
	Red    Color = "red"
)

// Type declares one thing that can be said of a stay.
type Type struct {
	Slug       string
	Label      string  // what people read; a row may have a nearer one
	References []uint8 // ids of Table 4-1 that its rows have
	View       string  // the name of Tencent's event type that it is; "" of none
	Lane       Lane
	Color      Color
	Shape      Shape
	Severity   rtc.Severity // the usual one
	Help       string       // what it says
	From       string       // the events and figures that tell it
	Tell       string       // what an application calls where the browser does not tell it; ""

	place int // among all
}

// Row is one thing that happened.
type Row struct {
	Type       *Type
	Time       time.Time
	Session    rtc.SessionID
	Index      uint32 // of the stored event; 0 of what follows from other rows
	Place      uint16 // among the rows of one event, or of one type where there is none
	Event      string // the stored event's name
	Label      string
	Reference  uint8  // id of Table 4-1; 0 of none
	Cause      string // a word; "" where not known
	Severity   rtc.Severity
	Direction  rtc.Direction // Send is up, Receive down, Both neither
	Kind       rtc.MediaKind // audio, video, screen or unknown
	Connection rtc.ConnectionID
	Stream     rtc.StreamID
	RemoteUser string
	Text       string // a sentence with the figures
}
