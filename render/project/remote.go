package project

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// VendorDir is where krowave vendor copies remote definitions to, beside
// krowave.yaml, unless that says otherwise.
const VendorDir = "vendor/krowave"

// Remote is a source of definitions outside of the repository: a directory or a
// file of a commit, or of an artifact in a registry. Only the pin counts in a
// render; Ref and Tag say what krowave update follows.
type Remote struct {
	Git, Commit, Ref string
	OCI, Digest, Tag string
	Path             string // in the commit or artifact; "." is all of it

	Position diag.Position // of the mapping
	Source   diag.Position // of the value of git or oci
	Key      diag.Position // of the key git or oci
	PinAt    diag.Position // of the value of commit or digest; zero without one
}

// Address is the URL of the repository, or the registry and its repository.
func (r Remote) Address() string { return r.Git + r.OCI }

// Pin is the commit or the digest; "" without one.
func (r Remote) Pin() string { return r.Commit + r.Digest }

// PinKey is the setting that holds the pin.
func (r Remote) PinKey() string {
	if r.Git != "" {
		return "commit"
	}
	return "digest"
}

// Name is a short name for files of the remote in findings, without the scheme
// and user of a URL: github.com/example/platform@0123456789ab.
func (r Remote) Name() string {
	name := r.Address()
	if _, rest, ok := strings.Cut(name, "://"); ok {
		name = rest
	}
	if user, rest, ok := strings.Cut(name, "@"); ok && !strings.Contains(user, "/") {
		name = rest
	}
	pin := strings.TrimPrefix(r.Pin(), "sha256:")
	return strings.TrimSuffix(strings.Trim(name, "/"), ".git") + "@" + pin[:min(12, len(pin))]
}

// Folder is the directory below the vendor directory that holds what the remote
// has at its pin: another pin, another folder.
func (r Remote) Folder() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{r.Git, r.OCI, r.Pin(), r.Path}, "\n")))
	base := path.Base(strings.TrimSuffix(strings.TrimSuffix(r.Address(), "/"), ".git"))
	base = unsafeName.ReplaceAllString(base, "-")
	return strings.Trim(base, ".-") + "-" + hex.EncodeToString(sum[:8])
}

var (
	unsafeName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
	commitID   = regexp.MustCompile(`^[0-9a-f]{40}$`)
	digestID   = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	scpAddress = regexp.MustCompile(`^[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^:]+$`)
	registryID = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)
)

// Vendored splits the remote definitions into those that krowave vendor has
// copied, as paths from dir, and the others. dir is where krowave.yaml stands in
// the tree.
func (s *Settings) Vendored(fsys fs.FS, dir string) (paths []string, missing []Remote) {
	for _, r := range s.Remotes {
		at := path.Join(s.Vendor, r.Folder())
		if r.Pin() == "" || !isDir(fsys, path.Join(dir, at)) {
			missing = append(missing, r)
			continue
		}
		paths = append(paths, at)
	}
	return paths, missing
}

func isDir(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.IsDir()
}

// onlyVendored turns remote definitions into paths, for who fetches nothing.
func (s *Settings) onlyVendored(fsys fs.FS) diag.List {
	var diags diag.List
	paths, missing := s.Vendored(fsys, s.Dir)
	s.Definitions = append(s.Definitions, paths...)
	for _, r := range missing {
		diags.Add(diag.Diagnostic{Severity: diag.Error, Rule: "remote-definitions", Pos: r.Position,
			Message: fmt.Sprintf("the definitions of %s are not in this repository, and nothing is fetched here", r.Address()),
			Hint:    "run krowave vendor and commit what it writes"})
	}
	return diags
}

// remote reads a mapping that names a remote source.
func (p *settingsParser) remote(at diag.Path, value map[string]any) {
	r := Remote{Path: ".", Position: p.doc.Position(at)}
	fields := map[string]*string{
		"git": &r.Git, "commit": &r.Commit, "ref": &r.Ref, "oci": &r.OCI, "digest": &r.Digest, "tag": &r.Tag, "path": &r.Path,
	}
	found := len(p.diags)
	for _, key := range slices.Sorted(maps.Keys(value)) {
		to := fields[key]
		text, ok := value[key].(string)
		switch {
		case to == nil:
			p.unknown(at.With(key), key, []string{"git", "commit", "ref", "oci", "digest", "tag", "path"})
		case !ok || text == "":
			p.errorf(at.With(key), "%s must be a string; put it in quotes if it is all digits", at.With(key))
		default:
			*to = text
		}
	}
	if len(p.diags) > found {
		return
	}
	kind := "git"
	if r.OCI != "" {
		kind = "oci"
	}
	r.OCI = strings.TrimPrefix(r.OCI, "oci://")
	r.Source, r.Key = p.doc.Position(at.With(kind)), p.doc.KeyPosition(at.With(kind))
	if r.Pin() != "" {
		r.PinAt = p.doc.Position(at.With(r.PinKey()))
	}
	if problem, key := r.problem(); problem != "" {
		if key != "" {
			at = at.With(key)
		}
		p.errorf(at, "%s", problem)
		return
	}
	r.Path = path.Clean(r.Path)
	p.out.Remotes = append(p.out.Remotes, r)
}

// problem says what is wrong with a remote source, and with which of its fields.
func (r Remote) problem() (text, key string) {
	switch {
	case (r.Git == "") == (r.OCI == ""):
		return "remote definitions have either git or oci", ""
	case r.Git != "" && r.Digest+r.Tag != "":
		return "digest and tag go with oci; a Git repository has commit and ref", ""
	case r.OCI != "" && r.Commit+r.Ref != "":
		return "commit and ref go with git; an OCI artifact has digest and tag", ""
	case r.Git != "" && !r.gitURL():
		return "git is an http, https, ssh or file URL, without a password in it", "git"
	case r.OCI != "" && !registryID.MatchString(r.OCI):
		return "oci is a registry and a repository, such as ghcr.io/example/platform; tag and digest are settings of their own", "oci"
	case r.Commit != "" && !commitID.MatchString(r.Commit):
		return "commit is a full commit id of 40 hexadecimal digits; ref names a branch or a tag, and krowave update finds its commit", "commit"
	case r.Digest != "" && !digestID.MatchString(r.Digest):
		return "digest is sha256: and 64 hexadecimal digits; krowave update finds that of a tag", "digest"
	case !fs.ValidPath(path.Clean(r.Path)):
		return "path is a directory or a file of the repository or artifact, from its root", "path"
	}
	return "", ""
}

func (r Remote) gitURL() bool {
	if scpAddress.MatchString(r.Git) {
		return true
	}
	u, err := url.Parse(r.Git)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	_, password := u.User.Password()
	switch u.Scheme {
	case "http", "https":
		return u.Host != "" && u.User == nil
	case "ssh":
		return u.Host != "" && !strings.HasPrefix(u.Host, "-") && !password
	}
	return u.Scheme == "file" && u.Host == "" && path.IsAbs(u.Path)
}

func (p *settingsParser) unknown(at diag.Path, key string, known []string) {
	p.diags.Add(diag.Diagnostic{Severity: diag.Error, Rule: "config", Pos: p.doc.KeyPosition(at),
		Message: fmt.Sprintf("definitions have no field %s; there are %s", key, strings.Join(known, ", "))}.With(diag.Meant(key, known)))
}
