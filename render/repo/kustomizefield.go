package repo

import (
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/krowave/krowave/render/diag"
)

// kustomizationFields are the fields at the top of a kustomization.
var kustomizationFields = []string{
	"resources", "bases", "components", "patches", "patchesStrategicMerge", "patchesJson6902", "namespace", "namePrefix", "nameSuffix", "commonLabels",
	"commonAnnotations", "labels", "images", "replicas", "configMapGenerator", "secretGenerator", "generatorOptions", "replacements", "generators",
	"transformers", "validators", "crds", "configurations", "openapi", "vars", "buildMetadata", "sortOptions", "apiVersion", "kind", "metadata",
}

// fieldsBelow are those of patches, generators, replacements and the like.
var fieldsBelow = []string{
	"path", "patch", "target", "options", "allowNameChange", "allowKindChange", "group", "version", "kind", "name", "namespace", "labelSelector",
	"annotationSelector", "source", "sourceValue", "targets", "select", "reject", "fieldPath", "fieldPaths", "delimiter", "index", "encoding", "create",
	"literals", "files", "env", "envs", "behavior", "type", "disableNameSuffixHash", "immutable", "labels", "annotations", "newName", "newTag",
	"tagSuffix", "digest", "count", "pairs", "includeSelectors", "includeTemplates", "fields", "order", "legacySortOptions",
}

// unknownField is the key that kustomize does not know: of all keys of that name,
// the one without which it knows all.
func (f failure) unknownField(name string) diag.Diagnostic {
	d := diag.Diagnostic{Pos: f.scalar(name), Message: "kustomize knows no field " + name}
	known := kustomizationFields
	for _, file := range f.names() {
		var doc yaml.Node
		if !isKustomization(path.Base(file)) || yaml.Unmarshal(f.read[file], &doc) != nil || len(doc.Content) == 0 || !lacksField(&doc, name) {
			continue
		}
		key, depth := (&search{doc: &doc, name: name, tries: maxTries}).culprit(doc.Content[0], 0)
		if key == nil {
			continue
		}
		if d.Pos = at(file, key); depth > 0 {
			known = fieldsBelow
		}
		break
	}
	return d.With(diag.Meant(name, known))
}

// maxTries is how many keys are tried, each with the whole document.
const maxTries = 100

// search looks for a key of a document.
type search struct {
	doc   *yaml.Node
	name  string
	tries int // that are left
}

// culprit is the key below n without which the document is known.
func (s *search) culprit(n *yaml.Node, depth int) (*yaml.Node, int) {
	content := n.Content
	for i, child := range content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if child.Value != s.name || i+1 >= len(content) || s.tries == 0 {
				continue
			}
			s.tries--
			n.Content = append(append([]*yaml.Node{}, content[:i]...), content[i+2:]...)
			still := lacksField(s.doc, s.name)
			if n.Content = content; !still {
				return child, depth
			}
			continue
		}
		if key, at := s.culprit(child, depth+1); key != nil {
			return key, at
		}
	}
	return nil, 0
}

// lacksField reports whether kustomize refuses a field of this name.
func lacksField(doc *yaml.Node, name string) bool {
	text, err := yaml.Marshal(doc)
	if err != nil {
		return false
	}
	err = new(types.Kustomization).Unmarshal(text)
	return err != nil && strings.Contains(err.Error(), `unknown field "`+name+`"`)
}
