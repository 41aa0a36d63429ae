package compare

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/krowave/krowave/plugin/compare/field"
)

// writePatch prints unified diffs of the files that render -o dir writes. An
// object with a value of a Secret is named in a comment only: what a patch has
// to say of it may not be shown.
func writePatch(out *bytes.Buffer, r *Report) error {
	if r.Drift != nil {
		fmt.Fprintf(out, "# this is the change of %s to %s; the drift of the cluster is not in it\n", r.Old, r.New)
	}
	fmt.Fprintf(out, "# %s\n", r.plan())
	for n := range r.Instances {
		if i := &r.Instances[n]; i.Status == Broken {
			fmt.Fprintf(out, "# %s cannot be rendered: its objects are not in this patch\n", i.Title())
		}
	}
	lists := [][]ObjectChange{r.PassThrough}
	for n := range r.Instances {
		lists = append(lists, r.Instances[n].Objects)
	}
	for _, list := range lists {
		for n := range list {
			if err := patchOf(out, &list[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

func patchOf(out *bytes.Buffer, o *ObjectChange) error {
	if why := o.unpatchable(); why != "" {
		fmt.Fprintf(out, "# %s is %s, but not in this patch: %s\n", title(o.Identity), o.Action, why)
		return nil
	}
	before, after, err := o.YAML()
	if err != nil {
		return err
	}
	old, now := "a/"+o.beforeFile, "b/"+o.afterFile
	if o.before == nil {
		old = "/dev/null"
	}
	if o.after == nil {
		now = "/dev/null"
	}
	if o.before != nil && o.after != nil && o.beforeFile != o.afterFile {
		// A file that is called otherwise now is one that goes and one that comes.
		text := unified("a/"+o.beforeFile, before, "/dev/null", nil)
		out.WriteString(text + unified("/dev/null", nil, "b/"+o.afterFile, after))
		return nil
	}
	out.WriteString(unified(old, before, now, after))
	return nil
}

// unified is a diff without its first line, which only Git's own form has.
func unified(old string, before []byte, now string, after []byte) string {
	_, text, _ := strings.Cut(string(diff.Diff(old, before, now, after)), "\n")
	return text
}

// unpatchable says why a patch cannot hold an object.
func (o *ObjectChange) unpatchable() string {
	if field.HasHidden(o.before) || field.HasHidden(o.after) {
		return "it holds values of Secrets"
	}
	for _, name := range []string{o.beforeFile, o.afterFile} {
		if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == '\\' || r == '"' }) || strings.HasPrefix(name, "../") || strings.HasPrefix(name, "/") {
			return "its name cannot be that of a file"
		}
	}
	return ""
}
