package outline

import (
	"bytes"
	"strings"

	"github.com/krowave/krowave/render/object"
)

// Unread is a file or a directory in which definitions were looked for and that
// could not be read, or not be parsed.
type Unread struct {
	Name   string
	Reason string
	Absent bool   // a checkout lacks it on purpose: what a sparse checkout leaves out, a submodule
	Text   []byte // nil if nothing is known of it
}

// NewUnread is a file that cannot be parsed; false when its text has no RGD.
func NewUnread(name string, text []byte, reason string) (Unread, bool) {
	plain := bytes.ReplaceAll(text, []byte{0}, nil) // of UTF-16
	return Unread{Name: name, Reason: reason, Text: plain}, bytes.Contains(plain, []byte(object.RGDKind))
}

// MayDefine reports whether an RGD in it may define a kind.
func (u Unread) MayDefine(kind string) bool {
	return u.Text == nil || bytes.Contains(u.Text, []byte(kind))
}

// MayBeCustom reports whether a CRD can have a group. The API server wants a dot in
// it, and an approval for those of Kubernetes itself, which kro does not write.
func MayBeCustom(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}
