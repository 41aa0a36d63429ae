// Package publish contains the commands that publish rendered objects: hydrate
// commits them to a Git branch, push uploads them to a registry.
package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/hydrate"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// hydrateFlags are the flags of krowave hydrate.
type hydrateFlags struct {
	options.Settings

	branch, remote, prefix, owner       string
	source, message, author             string
	username, passwordFile, keyFile     string
	date                                options.Timestamp
	retries                             int64
	timeout                             time.Duration
	dryRun, includeSecrets, uncommitted bool
	output                              options.Choice
}

// bind adds the flags. There is no --instance: a commit without the other
// instances would remove them from the branch.
func (f *hydrateFlags) bind(cmd *cobra.Command) {
	defaults, flags := options.Defaults(), cmd.Flags()
	defaults.Options.Annotate, defaults.Idioms = render.Annotate{Waves: true, Origin: true}, "drop"
	f.Settings.Bind(cmd, defaults, "instance", "emit")
	f.BindRef(flags)
	flags.Lookup("allow-empty").Usage = "allow empty output, and remove everything that was committed before"

	flags.StringVar(&f.branch, "branch", "", "branch to commit to; a new branch starts without history (required)")
	flags.StringVar(&f.remote, "remote", "origin", "repository to push to: a remote of this one, a URL, or a directory")
	flags.StringVar(&f.prefix, "path-prefix", "", "directory of the branch in which to write")
	flags.StringVar(&f.owner, "owner", "", "owner of the directories that are written and removed (default the repository and the paths)")
	flags.StringVar(&f.source, "source", "", "URL of the source repository, for the metadata (default the URL of origin)")
	flags.StringVar(&f.message, "message", "", "first part of the commit message (default the message of the rendered commit)")
	flags.StringVar(&f.author, "author", "", "author and committer, as NAME <EMAIL> (default GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL)")
	flags.Var(&f.date, "date", "time of the commit (default SOURCE_DATE_EPOCH, or now)")
	flags.Lookup("date").DefValue = "" // the zero time means that it is not given
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would change, and push nothing")
	flags.BoolVar(&f.includeSecrets, "include-secrets", false, "commit Secrets with their values")
	flags.BoolVar(&f.uncommitted, "allow-uncommitted", false, "allow a work tree that differs from HEAD; the metadata then names no commit")
	flags.StringVar(&f.username, "username", "", "user name for an HTTP URL, with --password-file (default git)")
	flags.StringVar(&f.passwordFile, "password-file", "", "file with the password or token for an HTTP URL")
	flags.StringVar(&f.keyFile, "ssh-key-file", "", "private key for an SSH URL (default the keys of ssh-agent)")
	f.retries = 20
	flags.Var(options.NewCount(&f.retries), "retries", "maximum number of retries if others push to the branch at the same time")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "maximum time for fetching and pushing")
	f.output = options.Choice{Value: "human", Allowed: []string{"human", "json"}}
	flags.VarP(&f.output, "output", "o", "output format of the list of changes")
	options.Complete(cmd, "output", f.output.Allowed...)
}

// NewHydrate returns krowave hydrate.
func NewHydrate(s cli.Streams) *cobra.Command {
	var flags hydrateFlags
	cmd := &cobra.Command{
		Use:   "hydrate PATH|-... --branch BRANCH",
		Short: "Commit rendered manifests to a branch",
		Long: "hydrate renders like krowave render and commits the objects to a branch of a remote repository, with one directory per " +
			"instance and wave and the metadata of Argo CD's source hydrator. It commits only if manifests change, keeps files of other " +
			"owners, removes the manifests of deleted instances, and never forces a push: if somebody else pushes at the " +
			"same time, it starts again from the new head. It does not touch the work tree.\n\n" +
			"Credentials for HTTP come from --password-file, the URL, KROWAVE_GIT_USERNAME and KROWAVE_GIT_PASSWORD, git's " +
			"http.extraHeader, .netrc, and git's credential helpers, in this order; those for SSH from --ssh-key-file or ssh-agent.",
		Example: "  krowave hydrate . --branch=environments/prod\n" +
			"  krowave hydrate apps/shop --ref=v1.4.0 --branch=environments/prod --remote=https://git.example.com/deploy.git --path-prefix=shop --dry-run",
		Args: cli.AtLeastOne("a file, a directory, a pattern, or - for standard input"),
	}
	flags.bind(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return flags.hydrate(load.New(cmd, s, &flags.Settings), args)
	}
	return cmd
}

func (f *hydrateFlags) hydrate(c load.Loader, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	h := &hydration{Loader: c, flags: f, args: args}
	r, err := h.render()
	if err != nil {
		return err
	}
	content := hydrate.Content{Owner: f.owner, Prefix: f.prefix, Source: h.dry, Tool: hydrate.Tool{Version: cli.CurrentBuild().Version, Kro: r.In.Settings.Options.KroVersion.Release()}}
	if !r.Result.Diagnostics.HasErrors() {
		content.Directories = h.directories(r)
	}
	if err := report.Findings(c.Streams.Err, r.Result.Diagnostics, r.In.Printing()); err != nil {
		return err
	}
	if len(content.Directories) == 0 && !r.In.Settings.Options.AllowEmpty {
		fmt.Fprintln(c.Streams.Err, "error: nothing is rendered, which would remove everything that was committed before; use --allow-empty to allow this")
		return cli.ErrFindings
	}
	if content.Owner == "" {
		content.Owner = h.defaultOwner()
	}
	return h.push(content)
}

// check refuses flags that cannot be meant, before anything is read.
func (f *hydrateFlags) check() error {
	if f.branch == "" {
		return cli.Usagef("--branch is missing: the branch to commit to")
	}
	f.branch = strings.TrimPrefix(f.branch, "refs/heads/")
	if err := plumbing.NewBranchReferenceName(f.branch).Validate(); err != nil {
		return cli.Usagef("--branch=%s: %w", f.branch, err)
	}
	if f.prefix != "" {
		clean := path.Clean(filepath.ToSlash(f.prefix))
		if !filepath.IsLocal(clean) || badPart(strings.Split(clean, "/")...) != "" {
			return cli.Usagef("--path-prefix=%s is outside the branch", f.prefix)
		}
		if f.prefix = clean; clean == "." {
			f.prefix = ""
		}
	}
	if f.author != "" {
		if a, err := mail.ParseAddress(f.author); err != nil || a.Name == "" {
			return cli.Usagef("--author=%s is not NAME <EMAIL>", f.author)
		}
	}
	if f.username != "" && f.passwordFile == "" {
		return cli.Usagef("--username requires --password-file")
	}
	return nil
}

// hydration is one run of krowave hydrate.
type hydration struct {
	load.Loader
	flags *hydrateFlags
	args  []string
	top   string // of the repository that is rendered; "" outside of one
	dry   hydrate.Source
}

// push commits a content and prints what became of the branch.
func (h *hydration) push(content hydrate.Content) error {
	f := h.flags
	remote, err := h.remote()
	if err != nil {
		return err
	}
	when, err := h.when()
	if err != nil {
		return err
	}
	name, email := h.who()
	ctx, cancel := context.WithTimeout(h.Context(), f.timeout)
	defer cancel()
	result, err := hydrate.Run(ctx, remote, content, hydrate.Options{
		Branch: f.branch, Message: f.message, Name: name, Email: email, When: when, Retries: int(f.retries), DryRun: f.dryRun,
	})
	var conflicts hydrate.Conflicts
	if errors.As(err, &conflicts) {
		for _, c := range conflicts {
			fmt.Fprintf(h.Streams.Err, "error: %s\n", diag.Line(c))
		}
		return cli.ErrFindings
	}
	if err != nil {
		return err
	}
	danger := ""
	if len(content.Directories) == 0 && len(result.Removed) > 0 {
		danger = "nothing is rendered: all directories of this owner are removed from the branch, and tools that apply it with pruning delete their objects"
	}
	return h.print(result, hydrate.Public(remote.URL), danger)
}

func (h *hydration) remote() (*hydrate.Remote, error) {
	f := h.flags
	base, err := filepath.Abs(h.Streams.Dir)
	if err != nil {
		return nil, fmt.Errorf("working directory: %w", err)
	}
	address, err := hydrate.Find(f.remote, h.top, base)
	if err != nil {
		return nil, cli.Usagef("--remote: %w", err)
	}
	remote := &hydrate.Remote{URL: address, Logins: hydrate.Environment{Dir: cmp.Or(h.top, base), Getenv: h.Streams.Env}.Logins(address)}
	switch {
	case f.keyFile != "":
		remote.Auth, err = hydrate.Key(address, load.Absolute(f.keyFile, base))
	case f.passwordFile != "":
		var data []byte
		if data, err = os.ReadFile(load.Absolute(f.passwordFile, base)); err == nil {
			remote.Auth = hydrate.Basic(cmp.Or(f.username, "git"), strings.TrimRight(string(data), "\r\n"))
		}
	}
	if err != nil {
		return nil, cli.Usage(err)
	}
	return remote, nil
}

// when is the time of the commit.
func (h *hydration) when() (time.Time, error) {
	if !h.flags.date.IsZero() {
		return h.flags.date.Time, nil
	}
	if epoch := h.Streams.Env("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return time.Time{}, cli.Usagef("SOURCE_DATE_EPOCH=%s is not a number of seconds", epoch)
		}
		return time.Unix(seconds, 0).UTC(), nil
	}
	return time.Now().UTC(), nil
}

// who is the author of the commit.
func (h *hydration) who() (name, email string) {
	if a, err := mail.ParseAddress(h.flags.author); err == nil {
		return a.Name, a.Address
	}
	return cmp.Or(h.Streams.Env("GIT_AUTHOR_NAME"), "krowave"), cmp.Or(h.Streams.Env("GIT_AUTHOR_EMAIL"), "krowave@localhost")
}

// hydrateOutput is hydrate -o json.
type hydrateOutput struct {
	Branch  string `json:"branch"`
	Remote  string `json:"remote"`
	DrySHA  string `json:"drySha,omitempty"`
	DryRun  bool   `json:"dryRun"`
	Changed bool   `json:"changed"`
	Danger  string `json:"danger,omitempty"`
	*hydrate.Result
}

func hydrateKind() report.Kind {
	return report.Kind{Name: "Hydration", Command: "hydrate -o json", Content: hydrateOutput{}}
}

func (h *hydration) print(r *hydrate.Result, remote, danger string) error {
	f, out := h.flags, h.Streams.Out
	if f.output.Value == "json" {
		return hydrateKind().Write(out, hydrateOutput{f.branch, remote, h.dry.SHA, f.dryRun, r.Changed(), danger, r})
	}
	var text strings.Builder
	for _, part := range []struct {
		sign  string
		names []string
	}{{"+", r.Added}, {"~", r.Updated}, {"-", r.Removed}} {
		for _, name := range part.names {
			fmt.Fprintf(&text, "%s %s\n", part.sign, diag.Name(path.Join(f.prefix, name)))
		}
	}
	head := "no commit, because nothing changed"
	switch {
	case r.Changed() && f.dryRun:
		head = "dry run, nothing is pushed"
	case r.Changed():
		head = "commit " + r.Commit
	}
	fmt.Fprintf(&text, "branch %s of %s: %s; %d added, %d updated, %d removed, %d unchanged\n", f.branch, remote, head,
		len(r.Added), len(r.Updated), len(r.Removed), r.Same)
	if danger != "" {
		fmt.Fprintf(&text, "danger: %s\n", danger)
	}
	_, err := fmt.Fprint(out, text.String())
	return err
}
