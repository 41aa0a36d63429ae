package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// enums are the values of fields by the function that makes the schema of a type,
// then by field: "protocol", or "accessModes/items".
type enums map[string]map[string][]any

// readEnums reads the values that Kubernetes lists for fields of a fixed set of
// words. The documents of api/openapi-spec leave them out; an API server
// publishes them from this generated file.
func readEnums(module string) (enums, error) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(module, "pkg", "generated", "openapi", "zz_generated.openapi.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	out := enums{}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "schema_") {
			continue
		}
		fields := map[string][]any{}
		readFields(f, "", fields)
		if len(fields) > 0 {
			out[f.Name.Name] = fields
		}
	}
	return out, nil
}

// readFields collects the enums below a node of the source; at is the field that
// the node describes.
func readFields(node ast.Node, at string, fields map[string][]any) {
	ast.Inspect(node, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		switch key := pair.Key.(type) {
		case *ast.BasicLit: // of Properties
			name, err := strconv.Unquote(key.Value)
			if err != nil || at != "" {
				return true
			}
			readFields(pair.Value, name, fields)
			return false
		case *ast.Ident:
			switch key.Name {
			case "Items":
				readFields(pair.Value, at+"/items", fields)
				return false
			case "AdditionalProperties":
				readFields(pair.Value, at+"/additionalProperties", fields)
				return false
			case "Enum":
				ast.Inspect(pair.Value, func(n ast.Node) bool {
					if word, ok := n.(*ast.BasicLit); ok && word.Kind == token.STRING {
						if text, err := strconv.Unquote(word.Value); err == nil {
							fields[at] = append(fields[at], text)
						}
					}
					return true
				})
				return false
			}
		}
		return true
	})
}

// add writes the enums to the components of documents.
func (e enums) add(docs []*document) {
	for _, d := range docs {
		for name, component := range d.Components.Schemas {
			for field, values := range e[builder(name)] {
				steps := strings.Split(field, "/")
				properties, _ := component["properties"].(map[string]any)
				at, _ := properties[steps[0]].(map[string]any)
				if at == nil || gated(steps[0], at) {
					continue
				}
				for _, step := range steps[1:] {
					at, _ = at[step].(map[string]any)
				}
				if at != nil && at["type"] == "string" {
					at["enum"] = values
				}
			}
		}
	}
}

// gated reports a field that API servers drop unchecked while its feature gate is
// off: no value of it is refused everywhere.
func gated(name string, field map[string]any) bool {
	about, _ := field["description"].(string)
	about = strings.ToLower(about)
	return name == "stopSignal" || strings.Contains(about, "alpha") || strings.Contains(about, "feature gate") || strings.Contains(about, "featuregate")
}

// builder is the name of the function that makes the schema of a component:
// io.k8s.api.core.v1.Taint has schema_k8sio_api_core_v1_Taint.
func builder(component string) string {
	rest, ok := strings.CutPrefix(component, "io.k8s.")
	if !ok {
		return ""
	}
	return "schema_k8sio_" + strings.NewReplacer(".", "_", "-", "_").Replace(rest)
}
