package publish

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/repo"
	"github.com/krowave/krowave/render/settings"
)

// defaultOwner names the repository, however its URL is spelled, and the paths.
func (h *hydration) defaultOwner() string {
	address := h.dry.RepoURL
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	if at := strings.Index(address, "@"); at >= 0 {
		address = address[at+1:]
	}
	address = strings.TrimSuffix(strings.TrimSuffix(strings.Replace(address, ":", "/", 1), "/"), ".git")
	words := []string{}
	if address != "" {
		words = append(words, strings.ToLower(address))
	}
	for _, arg := range h.args {
		words = append(words, h.inRepository(arg))
	}
	return strings.Join(words, " ")
}

// inRepository is an argument as seen from the top of the repository.
func (h *hydration) inRepository(arg string) string {
	if repo.IsStream(arg) {
		return arg
	}
	dir, err := filepath.Abs(h.Streams.Dir)
	if err != nil {
		return arg
	}
	return relativeTo(h.top, load.Absolute(arg, dir), arg)
}

func relativeTo(base, name, otherwise string) string {
	rel, err := filepath.Rel(base, name)
	if base == "" || err != nil || !filepath.IsLocal(rel) {
		return filepath.ToSlash(otherwise)
	}
	return filepath.ToSlash(rel)
}

// commands are those that render a directory again, from the top of a clone.
func (h *hydration) commands(i *render.Instance) []string {
	if slices.ContainsFunc(h.args, repo.IsStream) {
		return nil // what was piped in is not known
	}
	words := []string{"krowave", "render", "--annotate=" + h.Flags().Lookup("annotate").Value.String()}
	given := slices.SortedFunc(slices.Values(h.Settings.Given()), func(a, b settings.Value) int { return strings.Compare(a.Setting, b.Setting) })
	for _, value := range given {
		if slices.Contains([]string{"annotate", "root", "jobs"}, value.Setting) {
			continue
		}
		for _, text := range value.Texts {
			words = append(words, quoted("--"+value.Setting+"="+text))
		}
	}
	if h.Settings.Fetch.Offline {
		words = append(words, "--offline=true")
	}
	if i != nil {
		id := i.Identity()
		words = append(words, quoted("--instance="+path.Join(id.Kind, id.Namespace, id.Name)))
	}
	for _, arg := range h.args {
		words = append(words, quoted(arg))
	}
	command := strings.Join(words, " ")
	dir, err := filepath.Abs(h.Streams.Dir)
	if rel := relativeTo(h.top, dir, "."); err == nil && rel != "." {
		return []string{"cd " + quoted(rel), command}
	}
	return []string{command}
}

// quoted is a word for a shell.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=,:@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
