package install

import (
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/object"
)

// podSpec is where a Deployment has its pod.
func podSpec() diag.Path { return diag.Path{"spec", "template", "spec"} }

// container is one container of repo-server's pod.
type container struct {
	path   diag.Path
	fields map[string]any
}

// repoServer checks the pod: the sidecar, what it may do, and what it shares.
func (c *checker) repoServer(d *manifest.Document) {
	pod := object.Map(d.Object, "spec", "template", "spec")
	if pod["automountServiceAccountToken"] != false {
		c.lackf(d, podSpec().With("automountServiceAccountToken"), "automountServiceAccountToken is not false, so every plugin has a service account token")
	}
	var server, sidecar *container
	list, _ := pod["containers"].([]any)
	for i, item := range list {
		fields, _ := item.(map[string]any)
		one := &container{podSpec().With("containers", i), fields}
		switch {
		case isPlugin(fields):
			sidecar = one
		case server == nil:
			server = one
		}
	}
	if server != nil && !hasEnv(server.fields, "ARGOCD_CMP_CHUNK_SIZE") {
		c.lackf(d, server.path, "container %v has no ARGOCD_CMP_CHUNK_SIZE, so uploads are split into chunks of 1 KiB", server.fields["name"])
	}
	if server != nil && !slices.ContainsFunc(pauses(), func(name string) bool { return hasEnv(server.fields, name) }) {
		c.lackf(d, server.path, "container %v has no ARGOCD_PAUSE_GEN_MINUTES, so after an outage of the plugin its error is repeated for an hour", server.fields["name"])
	}
	if sidecar == nil {
		c.lackf(d, podSpec().With("containers"), "no container runs krowave argocd cmp-server")
		return
	}
	c.security(d, pod, sidecar)
	c.running(d, sidecar)
	c.volumes(d, pod, sidecar, server)
}

// pauses are the variables of repo-server that say how long a failed generation
// is not tried again.
func pauses() []string {
	return []string{"ARGOCD_PAUSE_GEN_MINUTES", "ARGOCD_PAUSE_GEN_ON_N_REQUESTS", "ARGOCD_PAUSE_GEN_AFTER_FAILED_ATTEMPTS"}
}

// isPlugin recognises the sidecar by its name, its image or its command.
func isPlugin(fields map[string]any) bool {
	command := append(texts(fields["command"]), texts(fields["args"])...)
	image, _ := fields["image"].(string)
	return fields["name"] == "krowave" || strings.Contains(image, "krowave") ||
		slices.Contains(command, "cmp-server") && strings.Contains(strings.Join(command, " "), "krowave")
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func hasEnv(fields map[string]any, name string) bool {
	list, _ := fields["env"].([]any)
	return slices.ContainsFunc(list, func(item any) bool {
		env, _ := item.(map[string]any)
		return env["name"] == name
	})
}

// security checks what the sidecar may do. The container's setting wins over
// the pod's.
func (c *checker) security(d *manifest.Document, pod map[string]any, s *container) {
	at := s.path.With("securityContext")
	own, shared := object.Map(s.fields, "securityContext"), object.Map(pod, "securityContext")
	setting := func(name string) any {
		if v, ok := own[name]; ok {
			return v
		}
		return shared[name]
	}
	for _, want := range []struct {
		name  string
		value any
		why   string
	}{
		{"runAsUser", int64(999), "repo-server, uid 999, has to write to the plugin's socket"},
		{"runAsNonRoot", true, "the plugin does not need root"},
		{"readOnlyRootFilesystem", true, "the plugin writes nothing to disk"},
		{"allowPrivilegeEscalation", false, "the plugin starts no process"},
	} {
		if setting(want.name) != want.value {
			c.lackf(d, at.With(want.name), "%s of the plugin is not %v: %s", want.name, want.value, want.why)
		}
	}
	if !slices.Contains(texts(object.Map(own, "capabilities")["drop"]), "ALL") {
		c.lackf(d, at.With("capabilities"), "the plugin does not drop ALL capabilities, and needs none")
	}
}

// running checks limits and probes.
func (c *checker) running(d *manifest.Document, s *container) {
	if object.Map(s.fields, "resources", "limits")["memory"] == nil {
		c.lackf(d, s.path.With("resources"), "the plugin has no memory limit, so a large repository can take the node's memory")
	}
	for _, probe := range []string{"readinessProbe", "livenessProbe"} {
		if !slices.Contains(texts(object.Map(s.fields, probe, "exec")["command"]), "probe") {
			c.lackf(d, s.path.With(probe), "the plugin's %s does not run krowave argocd probe, so a plugin that hangs is not noticed", probe)
		}
	}
}

// volumes checks the shared socket directory, and that /tmp is not shared.
func (c *checker) volumes(d *manifest.Document, pod map[string]any, s, server *container) {
	plugins := mounted(s.fields, socketDir)
	if plugins == "" {
		c.lackf(d, s.path.With("volumeMounts"), "the plugin does not mount %s, where repo-server looks for its socket", socketDir)
	}
	if server == nil {
		return
	}
	shared := mounted(server.fields, socketDir)
	switch {
	case shared == "":
		c.lackf(d, server.path.With("volumeMounts"), "container %v does not mount %s, so it finds no plugin", server.fields["name"], socketDir)
	case plugins != "" && plugins != shared:
		c.lackf(d, s.path.With("volumeMounts"), "the plugin and repo-server mount different volumes at %s: %s and %s", socketDir, plugins, shared)
	}
	if tmp := mounted(s.fields, "/tmp"); tmp != "" && tmp == mounted(server.fields, "/tmp") {
		c.lackf(d, s.path.With("volumeMounts"), "the plugin shares the volume %s at /tmp with repo-server, and so sees every checkout", tmp)
	}
	for _, name := range slices.Compact([]string{plugins, shared}) {
		if name != "" && !hasVolume(pod, name) {
			c.lackf(d, podSpec().With("volumes"), "volume %s is not an emptyDir", name)
		}
	}
}

// mounted is the volume at a path of a container.
func mounted(fields map[string]any, path string) string {
	list, _ := fields["volumeMounts"].([]any)
	for _, item := range list {
		mount, _ := item.(map[string]any)
		if at, _ := mount["mountPath"].(string); strings.TrimSuffix(at, "/") == path {
			name, _ := mount["name"].(string)
			return name
		}
	}
	return ""
}

func hasVolume(pod map[string]any, name string) bool {
	list, _ := pod["volumes"].([]any)
	return slices.ContainsFunc(list, func(item any) bool {
		volume, _ := item.(map[string]any)
		_, isEmptyDir := volume["emptyDir"]
		return volume["name"] == name && isEmptyDir
	})
}
