package graph

import "github.com/krowave/krowave/render/diag"

// Own is the part of a template that every object has of its own: the maps and
// lists that values are written into, and those of metadata in which labels and a
// namespace are set. The objects of a node share everything else with the template,
// which nobody may change.
type Own struct {
	Parts []OwnPart // below the map or list
}

// OwnPart is an entry of a map or an item of a list that is a map or a list itself.
type OwnPart struct {
	Step any // string or int
	Own  *Own
}

// ownOf returns what the objects of a template need for themselves.
func ownOf(fields []*Field) *Own {
	own := &Own{}
	own.add(diag.Path{"metadata", "labels", ""})
	for _, f := range fields {
		own.add(f.Steps)
	}
	return own
}

// add adds all that is above a value.
func (o *Own) add(steps diag.Path) {
	if len(steps) < 2 {
		return
	}
	for _, p := range o.Parts {
		if p.Step == steps[0] {
			p.Own.add(steps[1:])
			return
		}
	}
	part := OwnPart{Step: steps[0], Own: &Own{}}
	part.Own.add(steps[1:])
	o.Parts = append(o.Parts, part)
}
