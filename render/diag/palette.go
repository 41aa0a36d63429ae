package diag

// The palette of everything that is printed for people on a terminal: what is
// wrong or goes is red, what to look at is yellow, what is new or good is green,
// and notes are cyan.
const (
	Bold   = "\x1b[1m"
	Red    = "\x1b[31m"
	Green  = "\x1b[32m"
	Yellow = "\x1b[33m"
	Cyan   = "\x1b[36m"
	reset  = "\x1b[0m"
)

// Paint puts a text into a colour of the palette.
func Paint(color, text string) string { return color + text + reset }
