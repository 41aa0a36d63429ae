package controller

import (
	"time"

	"github.com/fluxcd/pkg/artifact/config"
	"github.com/fluxcd/pkg/runtime/acl"
	helper "github.com/fluxcd/pkg/runtime/controller"
	"github.com/fluxcd/pkg/runtime/features"
	"github.com/fluxcd/pkg/runtime/jitter"
	"github.com/fluxcd/pkg/runtime/leaderelection"
	"github.com/fluxcd/pkg/runtime/logger"
	"github.com/spf13/pflag"

	"github.com/krowave/krowave/flux/artifact"
	"github.com/krowave/krowave/flux/live"
	table "github.com/krowave/krowave/render/settings"
)

// Options are what the controller is started with: the flags that Flux's own
// controllers have, under the same names, and those of the render.
type Options struct {
	Namespace string // that the controller runs in, from RUNTIME_NAMESPACE

	MetricsAddr, HealthAddr, EventsAddr string
	Concurrent                          int
	RequeueDependency                   time.Duration
	HTTPRetry                           int
	DefaultServiceAccount               string
	CacheBytes                          int64

	Watch    helper.WatchOptions
	Rates    helper.RateLimiterOptions
	Client   ClientOptions
	Leader   leaderelection.Options
	Jitter   jitter.IntervalOptions
	Log      logger.Options
	ACL      acl.Options
	Features features.FeatureGates
	Storage  config.Options
	TLS      artifact.TLSFiles
	Damping  live.Damping
	Settings *table.Flags // of every render; nil is the default
}

// ClientOptions bound the requests to the API server. They are those of
// github.com/fluxcd/pkg/runtime/client, which links kubectl for more than them.
type ClientOptions struct {
	QPS   float32
	Burst int
}

// BindFlags binds the options to flags.
func (o *ClientOptions) BindFlags(flags *pflag.FlagSet) {
	flags.Float32Var(&o.QPS, "kube-api-qps", 50.0, "The maximum queries-per-second of requests sent to the Kubernetes API.")
	flags.IntVar(&o.Burst, "kube-api-burst", 300, "The maximum burst queries-per-second of requests sent to the Kubernetes API.")
}

// LiveValuesGate turns runtime: withhold's watches off.
const LiveValuesGate = "LiveValues"

// featureGates are the gates and their defaults.
func featureGates() map[string]bool {
	return map[string]bool{LiveValuesGate: true}
}

// BindFlags binds the options to flags.
func (o *Options) BindFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.MetricsAddr, "metrics-addr", ":8080", "address of /metrics and /debug/pprof; 0 disables it")
	flags.StringVar(&o.HealthAddr, "health-addr", ":9440", "address of /healthz and /readyz; 0 disables it")
	flags.StringVar(&o.EventsAddr, "events-addr", "", "URL of notification-controller's event receiver")
	flags.IntVar(&o.Concurrent, "concurrent", 4, "maximum number of objects reconciled at the same time")
	flags.DurationVar(&o.RequeueDependency, "requeue-dependency", 5*time.Second, "time before a source that is not ready is checked again")
	flags.IntVar(&o.HTTPRetry, "http-retry", 0, "number of retries of a failed download within one reconciliation")
	flags.StringVar(&o.DefaultServiceAccount, "default-service-account", "", "service account for Kustomizations and for reading live values, of objects that set none")
	flags.Int64Var(&o.CacheBytes, "cache-bytes", 256<<20, "memory in bytes for data that renders share")
	flags.StringVar(&o.TLS.Certificate, "storage-tls-cert", "", "file with the certificate of the artifact server; plain HTTP without one")
	flags.StringVar(&o.TLS.Key, "storage-tls-key", "", "file with the key of the artifact server's certificate")
	flags.StringVar(&o.TLS.ClientCA, "storage-tls-client-ca", "", "file with the CA that must have signed the certificates of clients of the artifact server")
	flags.DurationVar(&o.Damping.Min, "live-min-interval", 5*time.Second, "initial delay for an object whose live values keep changing")
	flags.DurationVar(&o.Damping.Max, "live-max-interval", 5*time.Minute, "maximum delay for an object whose live values keep changing")
	o.Watch.BindFlags(flags)
	o.Rates.BindFlags(flags)
	o.Client.BindFlags(flags)
	o.Leader.BindFlags(flags)
	o.Jitter.BindFlags(flags)
	o.Log.BindFlags(flags)
	o.ACL.BindFlags(flags)
	o.Features.BindFlags(flags)
	o.Storage.BindFlags(flags)
	o.Settings = table.Bind(flags, table.Default(table.FluxController))
}
