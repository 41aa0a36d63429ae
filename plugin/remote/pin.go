package remote

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/project"
)

// Update is a source and the pin that it should have.
type Update struct {
	project.Remote
	To string
}

// SetPins writes pins into the text of a krowave.yaml and leaves every other byte
// of it as it is. name is the file's, as in the positions of the sources.
func SetPins(name string, data []byte, updates []Update) ([]byte, error) {
	sorted := slices.Clone(updates)
	slices.SortFunc(sorted, func(a, b Update) int { // from the end, so that positions stay true
		return cmp.Or(cmp.Compare(b.Position.Line, a.Position.Line), cmp.Compare(b.Position.Column, a.Position.Column))
	})
	text := string(data)
	for _, u := range sorted {
		edited, err := u.write(text)
		if err != nil {
			return nil, err
		}
		text = edited
	}
	settings, diags := project.ReadSettings(name, []byte(text))
	if diags.HasErrors() || len(settings.Remotes) == 0 {
		return nil, fmt.Errorf("%s: the pins cannot be written into it; write them by hand", name)
	}
	pins := map[[4]string]string{}
	for _, r := range settings.Remotes {
		pins[identity(r)] = r.Pin()
	}
	for _, u := range updates {
		if pins[identity(u.Remote)] != u.To {
			return nil, u.byHand()
		}
	}
	return []byte(text), nil
}

// identity is what a pin does not change.
func identity(r project.Remote) [4]string { return [4]string{r.Address(), r.Ref, r.Tag, r.Path} }

func (u Update) byHand() error {
	return fmt.Errorf("%s: %s: %s cannot be written there; write it by hand", u.Position, u.PinKey(), u.To)
}

// write sets one pin: in the place of the old one, or after the address.
func (u Update) write(text string) (string, error) {
	pin := u.To
	if number.MatchString(pin) {
		pin = `"` + pin + `"` // YAML would take it for a number
	}
	if u.PinAt.Line > 0 {
		start, end, ok := scalar(text, u.PinAt, u.Pin())
		if !ok {
			return "", u.byHand()
		}
		return text[:start] + pin + text[end:], nil
	}
	address := u.Address()
	_, end, ok := scalar(text, u.Source, address)
	if !ok && u.OCI != "" {
		_, end, ok = scalar(text, u.Source, "oci://"+address)
	}
	open, at := offset(text, u.Position), offset(text, u.Key)
	if !ok || open < 0 || at < 0 || open >= len(text) {
		return "", u.byHand()
	}
	if text[open] == '{' {
		return text[:end] + ", " + u.PinKey() + ": " + pin + text[end:], nil
	}
	newline := "\n"
	line := strings.IndexByte(text[end:], '\n')
	if line >= 0 {
		end += line
		if strings.HasSuffix(text[:end], "\r") {
			newline, end = "\r\n", end-1
		}
	} else {
		end = len(text)
	}
	return text[:end] + newline + strings.Repeat(" ", u.Key.Column-1) + u.PinKey() + ": " + pin + text[end:], nil
}

var number = regexp.MustCompile(`^[0-9]+(e[0-9]+)?$`)

// scalar finds a plain or quoted value that begins at a position.
func scalar(text string, pos diag.Position, value string) (start, end int, ok bool) {
	start = offset(text, pos)
	if start < 0 {
		return 0, 0, false
	}
	for _, quoted := range []string{value, `"` + value + `"`, "'" + value + "'"} {
		if strings.HasPrefix(text[start:], quoted) {
			return start, start + len(quoted), true
		}
	}
	return 0, 0, false
}

// offset turns a position, whose columns are characters, into a place in a text;
// -1 is none.
func offset(text string, pos diag.Position) int {
	at := 0
	for range pos.Line - 1 {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return -1
		}
		at += n + 1
	}
	for range pos.Column - 1 {
		_, size := utf8.DecodeRuneInString(text[at:])
		if size == 0 {
			return -1
		}
		at += size
	}
	return at
}
