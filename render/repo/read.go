package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/krowave/krowave/render/diag"
)

// problem is why a file is not read.
type problem struct {
	rule, text string
	warning    bool
}

func (p *problem) Error() string { return p.text }

// check looks at a file before it is opened: whether it is one, and how large.
func (s *selection) check(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(s.fsys, name)
	switch {
	case err != nil:
		return nil, s.unreadable(name, err)
	case !info.Mode().IsRegular():
		return nil, &problem{rule: "file-read", text: "not a regular file"}
	case info.Size() > s.limits.FileBytes:
		return nil, &problem{rule: "limit-file-bytes", text: fmt.Sprintf("file has %d bytes, more than %d; raise --max-file-bytes to read it", info.Size(), s.limits.FileBytes)}
	}
	return info, nil
}

// content reads a file that is not too large. It does not count towards the
// limits of all files together.
func (s *selection) content(name string) ([]byte, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := s.check(name); err != nil {
		return nil, err
	}
	data, shared, err := s.checked(name)
	if shared {
		data = bytes.Clone(data)
	}
	return data, err
}

// checked reads a file that check has nothing to say about. Shared data must be
// copied by who keeps it: most files of a search are only looked at.
func (s *selection) checked(name string) (data []byte, shared bool, err error) {
	s.counter.File()
	if m, ok := s.fsys.(*Memory); ok {
		data, err = m.look(name)
		shared = true
	} else {
		data, err = fs.ReadFile(s.fsys, name)
	}
	switch {
	case err != nil:
		return nil, false, s.unreadable(name, err)
	case isPointer(data):
		return nil, false, &problem{rule: "git-lfs", text: "the file is kept in Git LFS and its content is not here; run git lfs pull"}
	}
	return data, shared, nil
}

// read reads one file within the limits; what is wrong with it is a finding. The
// data may be shared.
func (s *selection) read(name string) (data []byte, shared, ok bool) {
	info, err := s.check(name)
	if err == nil && !s.charge(name, info.Size()) {
		return nil, false, false
	}
	if err == nil {
		data, shared, err = s.checked(name)
	}
	if err != nil {
		s.report(name, err)
		return nil, false, false
	}
	return data, shared, true
}

// report makes a finding of an error of check or content.
func (s *selection) report(name string, err error) {
	var p *problem
	switch {
	case s.ctx.Err() != nil: // said by who called
	case s.req.Search:
		s.out.Passed = append(s.out.Passed, Passed{Name: name, Reason: err.Error(), Absent: errors.As(err, &p) && p.rule == "git-submodule"})
	case errors.As(err, &p) && p.warning:
		s.out.Found.Warnf(begin(name), p.rule, "%s", p.text)
	case errors.As(err, &p):
		s.out.Found.Errorf(begin(name), p.rule, "%s", p.text)
	default:
		s.out.Found.Errorf(begin(name), "file-read", "file cannot be read: %v", err)
	}
}

func (s *selection) charge(name string, size int64) bool {
	if s.count > s.limits.Files || s.bytes > s.limits.TotalBytes {
		return false // reported already
	}
	s.count++
	s.bytes += size
	verb, files, remedy := "are selected", "selected files", ""
	if s.req.Search {
		verb, files, remedy = "are searched for RGDs", "files that are searched for RGDs", ", or list the RGDs in definitions of krowave.yaml"
	}
	switch {
	case s.count > s.limits.Files:
		s.out.Found.Errorf(begin(name), "limit-files", "more than %d files %s; raise --max-files to read them%s", s.limits.Files, verb, remedy)
	case s.bytes > s.limits.TotalBytes:
		s.out.Found.Errorf(begin(name), "limit-total-bytes", "the %s have more than %d bytes together; raise --max-total-bytes to read them%s", files, s.limits.TotalBytes, remedy)
	default:
		return true
	}
	return false
}

// unreadable says why a file cannot be read, without the machine's own paths.
func (s *selection) unreadable(name string, err error) error {
	var outside *Submodule
	if errors.As(err, &outside) {
		return &problem{rule: "git-submodule", text: outside.Error(), warning: true}
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	if info, lerr := fs.Lstat(s.fsys, name); lerr == nil && info.Mode()&fs.ModeSymlink != 0 {
		return &problem{rule: "file-symlink", text: fmt.Sprintf("cannot follow the symlink; its target must be a file inside the root directory: %v", err)}
	}
	return &problem{rule: "file-read", text: fmt.Sprintf("file cannot be read: %v", err)}
}

// foreign returns the part of an error that says that a path's content is not
// in the tree, nil for other errors.
func foreign(err error) error {
	var outside *Submodule
	var missing *MissingObject
	var kept *pointer
	switch {
	case errors.As(err, &outside):
		return outside
	case errors.As(err, &missing):
		return missing
	case errors.As(err, &kept):
		return kept
	}
	return nil
}

func begin(name string) diag.Position { return diag.Position{File: name, Line: 1, Column: 1} }

// skipMarker is Argo CD's comment for files that are not manifests.
const skipMarker = "+argocd:skip-file-rendering"

// passedOver says why a file that was met in a walk is not read, "" if it is.
func (s *selection) passedOver(data []byte) string {
	switch {
	case s.req.Lookup && !mayDefine(data):
		return "no RGD or CRD in it"
	case s.req.Lookup:
	case bytes.Contains(data, []byte(skipMarker)):
		return "# " + skipMarker
	case !mayHoldObject(data):
		return "not a Kubernetes object"
	}
	return ""
}

// mayHoldObject reports whether a text can hold a Kubernetes object, parsed or
// not. It errs on the side of yes.
func mayHoldObject(data []byte) bool {
	return bytes.Contains(data, []byte("apiVersion")) && bytes.Contains(data, []byte("kind")) || opaque(data)
}

func mayDefine(data []byte) bool {
	return bytes.Contains(data, []byte("ResourceGraphDefinition")) || bytes.Contains(data, []byte("CustomResourceDefinition")) || opaque(data)
}

// opaque reports whether a text may say a word other than in plain letters: by
// an escape, or in another encoding than UTF-8.
func opaque(text []byte) bool {
	return bytes.IndexByte(text, 0) >= 0 || escapedLetter.Match(text)
}

// escapedLetter matches an escape of a letter in double quotes, and of a line
// end.
var escapedLetter = regexp.MustCompile(`\\(x[4-7][0-9A-Fa-f]|u00[4-7]|U000000[4-7]|[ \t]*\r?\n|[ \t]*\r)`)

// ReadFile reads a regular file of at most limit bytes. It looks at the file
// before it opens it, since a pipe would never end and a file may be too large
// to hold.
func ReadFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > limit:
		return nil, fmt.Errorf("file has %d bytes, more than %d", info.Size(), limit)
	}
	return fs.ReadFile(fsys, name)
}
