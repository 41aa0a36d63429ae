package install

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/manifest"
)

// builder collects files, and the first error.
type builder struct {
	opts    Options
	size    size
	files   []File
	err     error
	writers []string // users that the controllers are
	servers []string // where artifacts are served
}

// add fills a template in.
func (b *builder) add(name, template string, values map[string]string) {
	if b.err != nil {
		return
	}
	text, err := manifests.ReadFile("manifests/" + template)
	if err != nil {
		b.err = fmt.Errorf("reading the embedded manifests: %w", err)
		return
	}
	all := map[string]string{"NAMESPACE": b.opts.Namespace, "FLUX": b.opts.Flux, "IMAGE": b.opts.Image}
	maps.Copy(all, values)
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		pairs = append(pairs, "$("+key+")", all[key])
	}
	b.append(name, []byte(strings.NewReplacer(pairs...).Replace(string(text))))
}

// append adds to a file, or makes it.
func (b *builder) append(name string, data []byte) {
	if n := len(b.files); n > 0 && b.files[n-1].Name == name {
		b.files[n-1].Data = append(append(b.files[n-1].Data, "---\n"...), bytes.TrimPrefix(data, []byte("---\n"))...)
		return
	}
	b.files = append(b.files, File{Name: name, Data: data})
}

// list writes texts as a CEL list, which is JSON as well, in a YAML text.
func (b *builder) list(texts []string) string {
	raw, err := json.Marshal(texts)
	if err != nil && b.err == nil {
		b.err = err
	}
	return "'" + string(raw) + "'"
}

// controller adds what one shard needs; "" is the controller of objects without
// a key.
func (b *builder) controller(shard string) {
	name, selector := controllerName, ""
	if shard != "" {
		name += "-" + shard
		selector = shardLabel + "=" + shard
	} else if len(b.opts.Shards) > 0 {
		selector = "!" + shardLabel
	}
	host := name + "." + b.opts.Namespace + ".svc.cluster.local."
	scheme, port := "http", "80"
	if b.opts.TLSSecret != "" {
		scheme, port = "https", "443"
		host += ":443"
	}
	b.writers = append(b.writers, "system:serviceaccount:"+b.opts.Namespace+":"+name)
	b.servers = append(b.servers, scheme+"://"+strings.TrimSuffix(host, ":443")+"/", scheme+"://"+host+"/")
	b.servers = slices.Compact(b.servers)
	args := []string{
		"flux", "controller", "--watch-all-namespaces=true", "--log-level=info", "--log-encoding=json", "--enable-leader-election",
		"--storage-path=/data", "--storage-addr=:9090", "--storage-adv-addr=" + host,
		"--events-addr=http://notification-controller." + b.opts.Flux + ".svc.cluster.local./",
	}
	args = append(args, b.size.args...)
	if selector != "" {
		args = append(args, "--watch-label-selector="+selector)
	}
	if b.opts.DefaultServiceAccount != "" {
		args = append(args, "--default-service-account="+b.opts.DefaultServiceAccount)
	}
	if b.opts.NoCrossNamespaceRefs {
		args = append(args, "--no-cross-namespace-refs=true")
	}
	if b.opts.LiveValues == LiveNone {
		args = append(args, "--feature-gates=LiveValues=false")
	}
	mounts := []map[string]any{{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}}
	volumes := []map[string]any{{"name": "data", "emptyDir": map[string]any{}}, {"name": "tmp", "emptyDir": map[string]any{}}}
	if b.opts.StorageSize != "" {
		volumes[0] = map[string]any{"name": "data", "persistentVolumeClaim": map[string]any{"claimName": name}}
		b.claim(name)
	}
	if b.opts.TLSSecret != "" {
		args = append(args, "--storage-tls-cert=/tls/tls.crt", "--storage-tls-key=/tls/tls.key")
		mounts = append(mounts, map[string]any{"name": "tls", "mountPath": "/tls", "readOnly": true})
		volumes = append(volumes, map[string]any{"name": "tls", "secret": map[string]any{"secretName": b.opts.TLSSecret}})
	}
	values := map[string]string{
		"NAME": name, "PORT": port, "ARGS": b.json(args), "MOUNTS": b.json(mounts), "VOLUMES": b.json(volumes),
		"CPU": b.size.cpu, "MEMORY": b.size.memory, "CPULIMIT": b.size.cpuLimit, "MEMORYLIMIT": b.size.memoryLimit,
	}
	file := strings.TrimPrefix(name, "krowave-") + ".yaml"
	b.add(file, "deployment.yaml", values)
	b.add(file, "networkpolicy.yaml", values)
	if b.opts.ServiceMonitor {
		b.add(file, "servicemonitor.yaml", values)
	}
}

func (b *builder) json(v any) string {
	raw, err := json.Marshal(v)
	if err != nil && b.err == nil {
		b.err = err
	}
	return string(raw)
}

func (b *builder) claim(name string) {
	spec := map[string]any{
		"accessModes": []any{"ReadWriteOnce"},
		"resources":   map[string]any{"requests": map[string]any{"storage": b.opts.StorageSize}},
	}
	if b.opts.StorageClass != "" {
		spec["storageClassName"] = b.opts.StorageClass
	}
	b.objects(strings.TrimPrefix(name, "krowave-")+".yaml", map[string]any{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": map[string]any{"name": name, "namespace": b.opts.Namespace}, "spec": spec,
	})
}

func (b *builder) objects(file string, objects ...map[string]any) {
	var text bytes.Buffer
	if err := manifest.EncodeYAML(&text, objects); err != nil && b.err == nil {
		b.err = err
	}
	b.append(file, text.Bytes())
}
