package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/spf13/cobra"

	"github.com/krowave/krowave/flux/layout"
	"github.com/krowave/krowave/flux/push"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/wave"
)

// pushFlags are the flags of krowave push.
type pushFlags struct {
	options.Settings
	source, revision string
	created          options.Timestamp
	insecure, digest bool
	output           options.Choice
	timeout          time.Duration
}

// bind adds the flags. Flux applies gated waves, and finds nodes by the origin.
func (f *pushFlags) bind(cmd *cobra.Command) {
	defaults, flags := options.Defaults(), cmd.Flags()
	defaults.Options.Annotate, defaults.Options.WaveMode, defaults.Idioms = render.Annotate{Origin: true}, wave.Gated, "drop"
	f.Settings.Bind(cmd, defaults, "annotate", "waves", "emit")
	f.BindRef(flags)
	flags.StringVar(&f.source, "source", "", "URL of the source repository, set as an annotation")
	flags.StringVar(&f.revision, "revision", "", "revision of the source repository, such as main@sha1:4f2c, set as an annotation")
	f.output = options.Choice{Value: "human", Allowed: []string{"human", "json"}}
	flags.VarP(&f.output, "output", "o", "how to print what was pushed")
	f.created = options.Timestamp{Time: time.Unix(0, 0).UTC()}
	flags.Var(&f.created, "created", "creation time of the artifact; it changes the digest")
	flags.BoolVar(&f.insecure, "insecure-registry", false, "use plain HTTP for the registry")
	flags.BoolVar(&f.digest, "digest", false, "print only the digest")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "maximum time for the upload")
}

// NewPush returns krowave push.
func NewPush(s cli.Streams) *cobra.Command {
	var flags pushFlags
	cmd := &cobra.Command{
		Use:   "push oci://HOST/REPOSITORY:TAG PATH|-...",
		Short: "Push rendered manifests to a registry, for Flux's OCIRepository",
		Long: "push renders like krowave render and uploads the objects as an artifact that Flux's OCIRepository reads. It has one " +
			"directory per wave (wave-0, wave-1, ...) for one Kustomization each, and a kustomization.yaml for everything at once in a " +
			"Kustomization of the path ./.\n\nCredentials are those of docker login. The address with the digest is printed; the same " +
			"objects, --source, --revision and --created give the same digest.",
		Example: "  krowave push oci://ghcr.io/example/shop:main --source=https://github.com/example/shop --revision=main@sha1:4f2c shop.yaml\n" +
			"  kustomize build . | krowave push oci://localhost:5000/shop:dev -d definitions -",
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return cli.Usagef("an argument is missing: the destination, oci://HOST/REPOSITORY:TAG")
			case 1:
				return cli.Usagef("an argument is missing: a file, a directory, a pattern, or - for standard input")
			}
			return nil
		},
	}
	flags.bind(cmd)
	options.Complete(cmd, "output", flags.output.Allowed...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return flags.push(load.New(cmd, s, &flags.Settings), args[0], args[1:])
	}
	return cmd
}

// pushOutput is push -o json.
type pushOutput struct {
	Address  string `json:"address"` // with the tag
	Digest   string `json:"digest"`
	Source   string `json:"source,omitempty"`
	Revision string `json:"revision,omitempty"`
	Files    int    `json:"files"`
}

func pushKind() report.Kind {
	return report.Kind{Name: "Push", Command: "push -o json", Content: pushOutput{}}
}

func (f *pushFlags) push(c load.Loader, address string, paths []string) error {
	ref, err := push.Reference(address, f.insecure)
	if err != nil {
		return cli.Usage(err)
	}
	files, err := f.files(c, paths)
	if err != nil {
		return err
	}
	image, err := push.Image(push.Artifact{Files: files, Source: f.source, Revision: f.revision, Created: f.created.Time})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context(), f.timeout)
	defer cancel()
	digest, err := push.Push(ctx, ref, image, push.Options{Keychain: authn.DefaultKeychain, UserAgent: "krowave"})
	if err != nil {
		return err
	}
	if f.output.Value == "json" {
		return pushKind().Write(c.Streams.Out, pushOutput{
			Address: fmt.Sprintf("%s%s", push.Prefix, ref), Digest: digest.String(), Source: f.source, Revision: f.revision, Files: len(files),
		})
	}
	if f.digest {
		_, err = fmt.Fprintln(c.Streams.Out, digest)
	} else {
		_, err = fmt.Fprintf(c.Streams.Out, "%s%s@%s\n", push.Prefix, ref.Context(), digest)
	}
	return err
}

// files renders, and lays the objects out as Flux applies them.
func (f *pushFlags) files(c load.Loader, paths []string) ([]layout.File, error) {
	in, err := c.Read(paths)
	if err != nil {
		return nil, err
	}
	if in.Placeholder() {
		return nil, cli.Usagef("--runtime=placeholder is only for previews: its objects cannot be pushed")
	}
	r, err := load.Render(c.Context(), in, in.Units)
	if err != nil {
		return nil, err
	}
	r.Collide()
	var files []layout.File
	if !r.Result.Diagnostics.HasErrors() {
		var found diag.List
		files, _, found = layout.Files(r.Result, layout.Options{Impersonated: true})
		r.Result.Diagnostics = append(r.Result.Diagnostics, found...).Sorted()
	}
	return files, report.Findings(c.Streams.Err, r.Result.Diagnostics, r.In.Printing())
}
