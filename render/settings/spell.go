package settings

import (
	"regexp"
	"strings"
)

// flagName is a flag in a message: --crds, --runtime=delegate, --observed FILE.
var flagName = regexp.MustCompile(`(^|[ (])--([a-z]+(?:-[a-z]+)*)(=[A-Za-z]+)?( FILE)?`)

// Spell names the settings of a message as a surface spells them. Findings of the
// engine name flags: an Application or a RenderedSource has none, so that the
// advice has to name what can be set there. A flag of no setting stays.
func Spell(message string, on Surface) string {
	var b strings.Builder
	done := 0
	for _, at := range flagName.FindAllStringSubmatchIndex(message, -1) {
		s, ok := Find(message[at[4]:at[5]])
		if !ok || strings.HasPrefix(message[at[1]:], " of krowave ") {
			continue
		}
		value := ""
		if at[6] >= 0 {
			value = message[at[6]+1 : at[7]]
		}
		for _, place := range []Surface{on, Repository, on.server()} {
			if s.Rights[place] == Free {
				b.WriteString(message[done:at[3]] + place.assignment(&s, value))
				done = at[1]
				break
			}
		}
	}
	return b.String() + message[done:]
}

// server is the host of a surface.
func (s Surface) server() Surface {
	switch s {
	case Application:
		return CMPServer
	case RenderedSource:
		return FluxController
	}
	return s
}

// assignment is how a surface spells a setting with a value, or "".
func (s Surface) assignment(row *Setting, value string) string {
	name, equals := s.place(row), "="
	switch {
	case s == Application:
		name = row.Variable()
	case s == RenderedSource:
		name, equals = "spec."+row.SpecField(), ": "
	case s == Repository && value != "":
		return row.Key() + ": " + value + " in krowave.yaml"
	}
	if value == "" {
		return name
	}
	return name + equals + value
}
