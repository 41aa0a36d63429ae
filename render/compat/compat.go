// Package compat says what differs between versions of kro. In goes the version
// that a render is for, out come its Behaviors: one answer for each difference
// that changes what is rendered or refused. The stages of a render ask these, and
// never the version.
//
//	kro := compat.Of(compat.V0_10)
//	if kro.UnclosedIsError { ... }
//
// The zero Behaviors are those of the default version.
package compat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// Version is a minor version of kro. The zero value is Default.
type Version string

// Versions that a render can be for.
const (
	V0_9    Version = "0.9"
	V0_10   Version = "0.10"
	Default         = V0_9
)

// release is what is known of a version.
type release struct {
	version Version
	name    string // of the release that the version stands for
	preview bool   // no release that could be compared with is out
}

func releases() []release {
	return []release{{V0_9, "v0.9.4", false}, {V0_10, "v0.10.0-rc.0", true}}
}

// Versions lists the versions, the oldest first.
func Versions() []Version {
	var out []Version
	for _, r := range releases() {
		out = append(out, r.version)
	}
	return out
}

// Newest is the newest version.
func Newest() Version { return Versions()[len(Versions())-1] }

// Names are the versions as settings spell them.
func Names() []string {
	var out []string
	for _, v := range Versions() {
		out = append(out, string(v))
	}
	return out
}

func (v Version) release() release {
	for _, r := range releases() {
		if r.version == v {
			return r
		}
	}
	return releases()[0]
}

// Release is the release of kro that the version stands for, such as v0.9.4.
func (v Version) Release() string { return v.release().name }

// IsPreview reports whether the version is made from what is documented of a
// release that is not out.
func (v Version) IsPreview() bool { return v.release().preview }

// String names the version for people: 0.9, or 0.10 (preview of v0.10.0-rc.0).
func (v Version) String() string {
	r := v.release()
	if r.preview {
		return fmt.Sprintf("%s (preview of %s)", string(r.version), r.name)
	}
	return string(r.version)
}

// Parse reads a version: 0.10, v0.10, or a release such as v0.10.0-rc.0.
func Parse(text string) (Version, error) {
	plain, _, _ := strings.Cut(strings.TrimPrefix(text, "v"), "-")
	parts := strings.Split(plain, ".")
	minor := Version(strings.Join(parts[:min(2, len(parts))], "."))
	if len(parts) > 3 || len(parts) == 3 && !isNumber(parts[2]) || !slices.Contains(Versions(), minor) {
		unknown := &diag.NotOneOf{
			Text: text, Message: fmt.Sprintf("%q is not a known kro version; known versions: %s", text, strings.Join(Names(), ", ")), Like: diag.Closest(text, Names()),
		}
		if text == "0.1" {
			unknown.Message += `; YAML reads 0.10 without quotes as a number: write "0.10"`
			unknown.Like = ""
		}
		return "", unknown
	}
	return minor, nil
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
