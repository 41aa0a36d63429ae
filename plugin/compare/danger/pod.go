package danger

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/render/diag"
)

// privilege is something that a pod may do beyond the ordinary.
type privilege struct {
	what string // without places in lists, so that it is told again after a reorder
	path diag.Path
}

// privileges reports what pods may do that they could not before, and
// namespaces that let pods do more.
func (l *list) privileges(c Change) {
	if c.After == nil {
		return
	}
	if kind := c.kind(); kind.Group == "" && kind.Kind == "Namespace" && c.Before != nil {
		l.podSecurity(c)
	}
	path := podPath(c.After)
	if path == nil {
		return
	}
	var before []string
	for _, p := range privilegesOf(at(c.Before, path...), steps(path...)) {
		before = append(before, p.what)
	}
	for _, p := range privilegesOf(at(c.After, path...), steps(path...)) {
		if !slices.Contains(before, p.what) {
			l.add(diag.Warning, "privilege-widens", p.what, p.path)
		}
	}
	if c.Before != nil {
		l.nonRoot(c, path)
	}
}

// podPath is where an object has the spec of pods; nil when it has none. A kind
// that is not Kubernetes' own counts when it looks like a workload.
func podPath(obj map[string]any) []string {
	for _, path := range [][]string{{"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}, {"spec"}} {
		if len(items(obj, append(slices.Clone(path), "containers")...)) > 0 {
			return path
		}
	}
	return nil
}

// privilegesOf lists what the Pod Security Standards call privileged, in the
// order of the fields.
func privilegesOf(pod any, at0 diag.Path) []privilege {
	var out []privilege
	add := func(path diag.Path, format string, args ...any) {
		out = append(out, privilege{fmt.Sprintf(format, args...), path})
	}
	for _, name := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if at(pod, name) == true {
			add(at0.With(name), "pods share the node's %s", map[string]string{"hostNetwork": "network", "hostPID": "processes", "hostIPC": "memory (IPC)"}[name])
		}
	}
	for i, v := range items(pod, "volumes") {
		if path := text(v, "hostPath", "path"); path != "" {
			add(at0.With("volumes", i, "hostPath"), "pods mount %s of the node", path)
		}
	}
	securityOf(pod, at0, "pods", add)
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for i, c := range items(pod, list) {
			who := "container " + text(c, "name")
			containerPrivileges(c, at0.With(list, i), who, add)
			securityOf(c, at0.With(list, i), who, add)
		}
	}
	return out
}

type adder func(path diag.Path, format string, args ...any)

func containerPrivileges(c any, path diag.Path, who string, add adder) {
	at0 := path.With("securityContext")
	if at(c, "securityContext", "privileged") == true {
		add(at0.With("privileged"), "%s is privileged", who)
	}
	if at(c, "securityContext", "allowPrivilegeEscalation") == true {
		add(at0.With("allowPrivilegeEscalation"), "%s may gain more rights than its parent process", who)
	}
	for i, capability := range texts(c, "securityContext", "capabilities", "add") {
		if !strings.EqualFold(capability, "NET_BIND_SERVICE") {
			add(at0.With("capabilities", "add", i), "%s has the capability %s", who, capability)
		}
	}
	if mount := text(c, "securityContext", "procMount"); mount == "Unmasked" {
		add(at0.With("procMount"), "%s sees an unmasked /proc", who)
	}
	for i, port := range items(c, "ports") {
		if p := at(port, "hostPort"); p != nil && fmt.Sprint(p) != "0" {
			add(path.With("ports", i, "hostPort"), "%s uses port %v of the node", who, p)
		}
	}
}

// securityOf looks at what pods and containers have in common.
func securityOf(obj any, path diag.Path, who string, add adder) {
	at0 := path.With("securityContext")
	if user := at(obj, "securityContext", "runAsUser"); user != nil && fmt.Sprint(user) == "0" {
		add(at0.With("runAsUser"), "%s run as root", plural(who))
	}
	for _, profile := range []string{"seccompProfile", "appArmorProfile"} {
		if text(obj, "securityContext", profile, "type") == "Unconfined" {
			add(at0.With(profile), "%s run without a %s", plural(who), strings.TrimSuffix(profile, "Profile")+" profile")
		}
	}
	if at(obj, "securityContext", "windowsOptions", "hostProcess") == true {
		add(at0.With("windowsOptions", "hostProcess"), "%s run on the node itself", plural(who))
	}
}

// plural lets a sentence about pods and one about a container share a verb.
func plural(who string) string {
	if who == "pods" {
		return who
	}
	return "processes of " + who
}

// nonRoot reports that pods, or a container, may run as root again.
func (l *list) nonRoot(c Change, path []string) {
	was, is := at(c.Before, path...), at(c.After, path...)
	demands := func(obj any) bool { return at(obj, "securityContext", "runAsNonRoot") == true }
	if demands(was) && !demands(is) {
		l.add(diag.Warning, "privilege-widens", "pods may now run as root", steps(path...).With("securityContext", "runAsNonRoot"))
	}
	for i, after := range items(is, "containers") {
		for _, before := range items(was, "containers") {
			if text(before, "name") == text(after, "name") && demands(before) && !demands(after) && !demands(is) {
				l.add(diag.Warning, "privilege-widens", fmt.Sprintf("container %s may now run as root", text(after, "name")),
					steps(path...).With("containers", i, "securityContext", "runAsNonRoot"))
			}
		}
	}
}

// podSecurity reports a namespace that enforces a weaker standard.
func (l *list) podSecurity(c Change) {
	const label = "pod-security.kubernetes.io/enforce"
	strength := func(obj any) int {
		return slices.Index([]string{"privileged", "baseline", "restricted"}, text(obj, "metadata", "labels", label))
	}
	if was, is := strength(c.Before), strength(c.After); is < was && was > 0 {
		l.add(diag.Warning, "privilege-widens", "the namespace enforces a weaker pod security standard", steps("metadata", "labels", label))
	}
}
