package graph

import (
	"strings"

	k8sschema "k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/object"
)

// IsSecret reports whether the objects of a node are Secrets.
func (n *Node) IsSecret() bool {
	return n.Kind != nil && (object.IsSecretKind(n.Kind.GVK) || n.IsDynamic && mayBeSecret(n.Template))
}

// mayBeSecret reports whether an object whose kind has an expression may be a Secret.
func mayBeSecret(obj map[string]any) bool {
	kind := stringAt(obj, "kind")
	return strings.Contains(kind, "${") || object.IsSecretKind(k8sschema.GroupVersionKind{Version: "v1", Kind: kind})
}

// inSecret reports whether a path leads to a value of a Secret.
func (c *compiler) inSecret(path diag.Path) bool {
	if c.native {
		return secretIn(c.rgd.Doc.Object, path)
	}
	if len(path) < 5 || path[3] != "template" {
		return false
	}
	field, _ := path[4].(string)
	i, _ := path[2].(int)
	return object.IsSecretField(field) && object.IsSecret(c.rgd.Resources[i].Template)
}
