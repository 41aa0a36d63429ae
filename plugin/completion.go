package plugin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/object"
	"github.com/krowave/krowave/render/settings"
)

func newCompletion(s Streams) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		Short:     "Print a shell completion script",
		Example:   "  krowave completion bash",
		ValidArgs: shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usagef("one argument is needed: bash, zsh, fish or powershell")
			}
			if err := (&options.Choice{Allowed: shells}).Set(args[0]); err != nil {
				return cli.Usage(err)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "zsh":
				return root.GenZshCompletion(s.Out)
			case "fish":
				return root.GenFishCompletion(s.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(s.Out)
			}
			return root.GenBashCompletionV2(s.Out, true)
		},
	}
}

// patience is how long completion may render a repository: whoever pressed the
// tab key is waiting.
const patience = 3 * time.Second

// completeNames offers what the repository of the working directory has: revisions,
// RGDs, instances and objects. What cannot be read within the time is not offered.
func completeNames(root *cobra.Command, s Streams) {
	instances := offer(s, func(res *render.Result) (out []string) {
		for _, i := range res.Instances {
			id := i.Identity()
			out = append(out, spelled(id.Kind, id.Namespace, id.Name))
		}
		return out
	})
	for name, first := range map[string]cobra.CompletionFunc{
		"graph": instances, "tree": instances,
		"impact": offer(s, func(res *render.Result) (out []string) {
			for _, g := range res.Graphs {
				out = append(out, g.RGD.Name)
			}
			return out
		}),
		"explain": offer(s, func(res *render.Result) (out []string) {
			for _, o := range res.Objects {
				id := object.KeyOf(o.Object)
				out = append(out, spelled(strings.ToLower(id.Kind), id.Namespace, id.Name))
			}
			return out
		}),
	} {
		if c, _, err := root.Find([]string{name}); err == nil && c != root {
			c.ValidArgsFunction = onlyFirst(first)
		}
	}
	for _, c := range root.Commands() {
		for flag, words := range map[string]cobra.CompletionFunc{"base": revisions(s), "ref": revisions(s), "instance": instances} {
			if c.Flags().Lookup(flag) != nil {
				_ = c.RegisterFlagCompletionFunc(flag, words) // which the command itself has not
			}
		}
	}
}

// onlyFirst completes the first argument; the others are paths.
func onlyFirst(first cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		words, _ := first(cmd, args, typed)
		return words, cobra.ShellCompDirectiveDefault // a path is an answer, too
	}
}

// spelled names an object as explain, tree and --instance read it.
func spelled(kind, namespace, name string) string {
	if namespace == "" {
		return kind + "/" + name
	}
	return kind + "/" + namespace + "/" + name
}

// revisions completes the names of Git.
func revisions(s Streams) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		h, err := load.OpenHistory(s.Dir)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer h.Close()
		words, _ := h.Names() // those that can be read
		return beginning(words, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// offer completes words of a render of the working directory.
func offer(s Streams, words func(*render.Result) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), patience)
		defer cancel()
		var flags options.Settings
		defaults := options.Defaults()
		defaults.Options.Runtime, defaults.Idioms = render.Withhold, "drop"
		flags.Bind(&cobra.Command{}, defaults)
		flags.Adapt = func(v *settings.Values) { v.Options.AllowEmpty = true }
		run, err := load.New(cmd, s, &flags).For(ctx, s.Dir).Render([]string{"."})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return beginning(words(run.Result), typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// beginning are the words that begin with what was typed, sorted, each once. The case
// of a kind does not matter.
func beginning(words []string, typed string) []string {
	words = slices.DeleteFunc(words, func(w string) bool { return !strings.HasPrefix(strings.ToLower(w), strings.ToLower(typed)) })
	slices.Sort(words)
	return slices.Compact(words)
}
