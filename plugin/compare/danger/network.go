package danger

import (
	"maps"
	"slices"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// network reports NetworkPolicies that go, or that let more through.
func (l *list) network(c Change) {
	if kind := c.kind(); kind.Group != "networking.k8s.io" || kind.Kind != "NetworkPolicy" || c.Before == nil {
		return
	}
	if c.After == nil {
		l.add(diag.Warning, "network-widens", "traffic that the policy blocked may be allowed, unless another policy selects the same pods", nil)
		return
	}
	if canonical(at(c.Before, "spec", "podSelector")) != canonical(at(c.After, "spec", "podSelector")) {
		l.add(diag.Warning, "network-widens", "the policy selects other pods: those that it no longer selects are open, unless another policy selects them", steps("spec", "podSelector"))
	}
	for _, direction := range []struct{ kind, rules, peers, words string }{
		{"Ingress", "ingress", "from", "connections to the pods"},
		{"Egress", "egress", "to", "connections from the pods"},
	} {
		isolated := isolates(c.Before, direction.kind)
		switch {
		case isolated && !isolates(c.After, direction.kind):
			l.add(diag.Warning, "network-widens", "the policy no longer restricts "+direction.words, steps("spec", "policyTypes"))
		case isolated:
			before := openings(c.Before, direction.rules, direction.peers)
			for _, o := range openings(c.After, direction.rules, direction.peers) {
				if !slices.ContainsFunc(before, func(b opening) bool { return b.covers(o) }) {
					l.add(diag.Warning, "network-widens", "the policy allows more "+direction.words, o.path)
					break
				}
			}
		}
	}
}

// isolates reports whether a policy restricts a direction. Without policyTypes,
// it does so for ingress, and for egress when it has egress rules.
func isolates(policy map[string]any, direction string) bool {
	if types := texts(policy, "spec", "policyTypes"); len(types) > 0 {
		return slices.Contains(types, direction)
	}
	return direction == "Ingress" || len(items(policy, "spec", "egress")) > 0
}

// opening is a peer and a port that a policy lets through; "" is any.
type opening struct {
	peer, port string
	path       diag.Path
}

func openings(policy map[string]any, rules, peers string) []opening {
	var out []opening
	for i, rule := range items(policy, "spec", rules) {
		for _, peer := range orAnything(items(rule, peers)) {
			for _, port := range orAnything(withProtocol(items(rule, "ports"))) {
				out = append(out, opening{peer, port, diag.Path{"spec", rules, i}})
			}
		}
	}
	return out
}

// withProtocol writes out that a port is one of TCP where nothing is said.
func withProtocol(ports []any) []any {
	out := make([]any, len(ports))
	for i, p := range ports {
		out[i] = p
		if m, ok := p.(map[string]any); ok && m["protocol"] == nil {
			m = maps.Clone(m)
			m["protocol"] = "TCP"
			out[i] = m
		}
	}
	return out
}

func orAnything(list []any) []string {
	if len(list) == 0 {
		return []string{""}
	}
	var out []string
	for _, item := range list {
		out = append(out, canonical(item))
	}
	return out
}

func (o opening) covers(other opening) bool {
	return (o.peer == "" || o.peer == other.peer) && (o.port == "" || o.port == other.port)
}

func canonical(v any) string {
	raw, err := manifest.CanonicalJSON(v)
	if err != nil {
		return ""
	}
	return string(raw)
}
