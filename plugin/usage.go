package plugin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/settings"
)

// withUsage makes a command tree say what it takes: flags in groups, and what
// somebody may have meant.
func withUsage(root *cobra.Command) {
	root.SetUsageFunc(usage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return meant(cmd, err) })
	root.SetHelpCommand(helpCommand())
	root.Version = cli.CurrentBuild().Version
	root.SetVersionTemplate("krowave {{.Version}}\n")
}

// meant adds to an error about an unknown flag the one that is nearly called so.
func meant(cmd *cobra.Command, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return err
	}
	var names []string
	for _, set := range []*pflag.FlagSet{cmd.Flags(), cmd.InheritedFlags()} {
		set.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
	}
	slices.Sort(names)
	if like := diag.Closest(name, names); like != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, like)
	}
	return err
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			cmd, _, err := c.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, sub := range cmd.Commands() {
				if sub.IsAvailableCommand() {
					names = append(names, sub.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			cmd, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = fmt.Errorf("unknown command %q for %q", rest[0], cmd.CommandPath())
			}
			if err != nil {
				return cli.Usage(err)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// usage prints how a command is called, its flags in groups.
func usage(cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.Runnable() {
		b.WriteString("  " + cmd.UseLine() + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("  " + cmd.CommandPath() + " [command]\n")
	}
	if cmd.HasExample() {
		b.WriteString("\nExamples:\n" + cmd.Example + "\n")
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nAvailable Commands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	groups := []*pflag.FlagSet{}
	titles := []string{"Flags", "Flags of what is rendered", "Limits", "Global Flags"}
	for range titles {
		groups = append(groups, pflag.NewFlagSet("", pflag.ContinueOnError))
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { groups[groupOf(f.Name)].AddFlag(f) })
	groups[3].AddFlagSet(cmd.InheritedFlags())
	for n, set := range groups {
		if set.HasAvailableFlags() {
			b.WriteString("\n" + titles[n] + ":\n" + strings.TrimRight(set.FlagUsages(), " \n") + "\n")
		}
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nUse \"%s [command] --help\" for more information about a command.\n", cmd.CommandPath())
	}
	_, err := cmd.OutOrStderr().Write([]byte(b.String()))
	return err
}

// groupOf is the group of a flag: what every limit is, what other settings are,
// and what belongs to the command alone.
func groupOf(name string) int {
	switch {
	case strings.HasPrefix(name, "max-") && name != "max-bytes", strings.HasPrefix(name, "cel-cost-"):
		return 2
	case slices.ContainsFunc(settings.Offered(settings.CommandLine), func(s settings.Setting) bool { return s.Name == name }):
		return 1
	}
	return 0
}
