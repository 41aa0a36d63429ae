// Package install generates the manifests of the Flux controller: the CRD, a
// Deployment per shard with its service account, Service and network policy, the
// permissions, and the policy that protects ExternalArtifacts. It never applies
// anything and never calls a cluster.
//
//	files, err := install.Files(install.Options{})
package install

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed manifests
var manifests embed.FS

// Options say what is installed where. The zero value is the default.
type Options struct {
	Namespace string   // of the controller; default "flux-system"
	Flux      string   // namespace of Flux's controllers; default "flux-system"
	Image     string   // default DefaultImage
	Shards    []string // keys of further controllers, for objects labelled sharding.fluxcd.io/key
	Size      string   // one of Sizes; default "small"

	LiveValues            LiveValues
	DefaultServiceAccount string // for objects that name none
	NoCrossNamespaceRefs  bool

	StorageSize  string // of a PersistentVolumeClaim for artifacts; default none: they are rendered again after a restart
	StorageClass string
	TLSSecret    string // with tls.crt and tls.key of the artifact server; default none: plain HTTP

	ServiceMonitor bool // for the Prometheus operator
}

// LiveValues says whose permissions runtime: withhold reads live objects with.
type LiveValues string

// Permissions for live values, each with those before it.
const (
	LiveNone        LiveValues = "none"
	LiveOwn         LiveValues = "own"         // the controller's, as far as users add to them; the default
	LiveImpersonate LiveValues = "impersonate" // and of service accounts that RenderedSources name
)

// DefaultImage is the released image.
const DefaultImage = "ghcr.io/krowave/krowave:latest"

// DefaultNamespace is where Flux is installed by default.
const DefaultNamespace = "flux-system"

// File is a file of manifests.
type File struct {
	Name string
	Data []byte
}

const (
	controllerName = "krowave-controller"
	shardLabel     = "sharding.fluxcd.io/key"
)

// Files returns the manifests in the order of their use.
func Files(opts Options) ([]File, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	size, err := sizeOf(opts.Size)
	if err != nil {
		return nil, err
	}
	if opts.Shards == nil {
		opts.Shards = size.shards
	}
	b := &builder{opts: opts, size: size}
	b.add("crd.yaml", "krowave.dev_renderedsources.yaml", nil)
	b.rbac()
	for _, shard := range append([]string{""}, opts.Shards...) {
		b.controller(shard)
	}
	b.add("policy.yaml", "policy.yaml", map[string]string{"WRITERS": b.list(b.writers), "SERVERS": b.list(b.servers)})
	return b.files, b.err
}

// Names that Kubernetes and registries accept, and that need no quotes in YAML.
var (
	namePattern     = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	imagePattern    = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9._/:@]*$`)
	quantityPattern = regexp.MustCompile(`^[1-9][0-9]*(Ki|Mi|Gi|Ti|k|M|G|T)?$`)
)

func (o Options) complete() (Options, error) {
	for _, d := range []struct {
		to    *string
		value string
	}{{&o.Namespace, DefaultNamespace}, {&o.Flux, DefaultNamespace}, {&o.Image, DefaultImage}, {(*string)(&o.LiveValues), string(LiveOwn)}} {
		if *d.to == "" {
			*d.to = d.value
		}
	}
	names := append([]string{o.Namespace, o.Flux}, o.Shards...)
	for _, name := range []string{o.DefaultServiceAccount, o.StorageClass, o.TLSSecret} {
		if name != "" {
			names = append(names, name)
		}
	}
	seen := map[string]bool{}
	for _, shard := range o.Shards {
		if seen[shard] || len(controllerName)+1+len(shard) > 63 {
			return o, fmt.Errorf("shard %q is a duplicate, or too long for a name", shard)
		}
		seen[shard] = true
	}
	for _, name := range names {
		if !namePattern.MatchString(name) {
			return o, fmt.Errorf("%q is not a name: lower-case letters, digits and - only", name)
		}
	}
	switch {
	case !imagePattern.MatchString(o.Image) || strings.HasSuffix(o.Image, ":"):
		return o, fmt.Errorf("%q is not an image; use NAME:TAG or NAME@DIGEST", o.Image)
	case o.StorageSize != "" && !quantityPattern.MatchString(o.StorageSize):
		return o, fmt.Errorf("%q is not a size such as 1Gi", o.StorageSize)
	case o.StorageSize == "" && o.StorageClass != "":
		return o, fmt.Errorf("a storage class needs a size")
	case o.LiveValues != LiveNone && o.LiveValues != LiveOwn && o.LiveValues != LiveImpersonate:
		return o, fmt.Errorf("%q is not one of none, own, impersonate", o.LiveValues)
	}
	return o, nil
}

// Text joins files to one stream of documents, each after its name.
func Text(files []File) []byte {
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "---\n# %s\n%s", f.Name, strings.TrimPrefix(string(f.Data), "---\n"))
	}
	return []byte(b.String())
}
