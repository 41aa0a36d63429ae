package argocd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/argocd/cmpserver"
	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/options"
	"github.com/krowave/krowave/render/settings"
)

// socketFlags say which sockets the plugin has.
type socketFlags struct {
	socket, dir, name string
}

func (f *socketFlags) bind(flags *pflag.FlagSet) {
	flags.StringVar(&f.socket, "socket", "", "path of a single socket, instead of --socket-dir and --name")
	flags.StringVar(&f.dir, "socket-dir", "", "directory in which repo-server looks for plugin sockets (default $ARGOCD_PLUGINSOCKFILEPATH, else /home/argocd/cmp-server/plugins)")
	flags.StringVar(&f.name, "name", "krowave", "name of the plugin; it is also available as NAME-VERSION")
}

func (f *socketFlags) paths(s cli.Streams) []string {
	if f.socket != "" {
		return []string{f.socket}
	}
	dir := f.dir
	if dir == "" {
		dir = cmpserver.SocketDir(s.Env)
	}
	return cmpserver.Sockets(dir, f.name, cli.CurrentBuild().Version)
}

func newCMPServer(s cli.Streams) *cobra.Command {
	var sockets socketFlags
	var c cmpserver.Config
	var operator *settings.Flags
	var concurrent int64
	cacheBytes, log := int64(256<<20), options.Choice{Value: "json", Allowed: []string{"json", "text"}}
	cmd := &cobra.Command{
		Use:   "cmp-server",
		Short: "Serve as a config management plugin (CMP) for Argo CD's repo-server",
		Long: "cmp-server runs beside repo-server and renders the applications whose plugin is named krowave. It implements Argo CD's " +
			"plugin protocol itself: a request starts no process and writes no file.\n\nKubernetes version, namespace, " +
			"parameters and ARGOCD_ENV_KROWAVE_... variables come with each request. The limits are upper bounds: an application can " +
			"only lower them.",
		Example: "  krowave argocd cmp-server\n  krowave argocd cmp-server --metrics-addr :8087 --max-concurrent 4",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Sockets = sockets.paths(s)
			c.MaxConcurrent, c.CacheBytes = int(concurrent), cacheBytes
			c.Linger = 500 * time.Millisecond // longer than a handshake takes
			c.Log = logger(s.Err, log.Value)
			var err error
			if c.Settings, err = options.Operator(operator); err != nil {
				return err
			}
			if c.MessageBytes, err = cmpserver.MessageBytes(s.Env); err != nil {
				return cli.Usage(err)
			}
			cli.Stay(s.Getenv, 100)
			return cmpserver.Serve(cmd.Context(), c)
		},
	}
	flags := cmd.Flags()
	sockets.bind(flags)
	flags.BoolVar(&c.Discover, "discover", false, "also render applications that name no plugin; Argo CD then uploads every application for discovery")
	flags.StringVar(&c.MetricsAddr, "metrics-addr", "", "HOST:PORT on which to serve /metrics and /healthz (default none)")
	flags.Var(options.NewCount(&concurrent), "max-concurrent", "maximum number of applications rendered at the same time (default the number of CPUs)")
	flags.Var(options.NewCount(&cacheBytes), "cache-bytes", "memory in bytes for data that requests share")
	flags.DurationVar(&c.Grace, "shutdown-grace", 25*time.Second, "maximum time for running requests when the server shuts down")
	flags.Var(&log, "log-format", "log format")
	operator = settings.Bind(flags, settings.Default(settings.CMPServer))
	options.CompleteSettings(cmd, settings.CMPServer)
	options.Complete(cmd, "log-format", log.Allowed...)
	return cmd
}

func logger(w io.Writer, format string) *slog.Logger {
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, nil))
	}
	return slog.New(slog.NewJSONHandler(w, nil))
}

func newCMPProbe(s cli.Streams) *cobra.Command {
	var sockets socketFlags
	timeout := time.Second
	cmd := &cobra.Command{
		Use:     "probe",
		Short:   "Check that a server answers on each socket",
		Long:    "probe is for exec probes of Kubernetes, which cannot connect to a socket: exit code 0 if a server answers on every socket, else 1.",
		Example: "  krowave argocd probe",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			var errs []error
			for _, path := range sockets.paths(s) {
				errs = append(errs, cmpserver.Probe(ctx, path))
			}
			if err := errors.Join(errs...); err != nil {
				fmt.Fprintf(s.Err, "%v\n", err)
				return cli.ErrFindings
			}
			return nil
		},
	}
	sockets.bind(cmd.Flags())
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "maximum time to wait")
	return cmd
}
