package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/load"
	"github.com/krowave/krowave/plugin/report"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
)

// resourceList is what a KRM function reads and writes
// (https://github.com/kubernetes-sigs/kustomize, cmd/config/docs/api-conventions/functions-spec.md).
type resourceList struct {
	APIVersion     string           `json:"apiVersion"`
	Kind           string           `json:"kind"`
	FunctionConfig map[string]any   `json:"functionConfig"`
	Items          []map[string]any `json:"items"`

	text   []byte // as read
	config bool   // functionConfig is an RGD or an instance, and the last document of the input
}

// readResourceList reads standard input when it is all that is asked for. What
// is no ResourceList is put back.
func readResourceList(s *cli.Streams, args []string, limit int64) (*resourceList, error) {
	if !slices.Equal(args, []string{"-"}) {
		return nil, nil
	}
	text, err := io.ReadAll(io.LimitReader(s.In, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	if s.In = io.MultiReader(bytes.NewReader(text), s.In); int64(len(text)) > limit || !bytes.Contains(text, []byte("ResourceList")) {
		return nil, nil // what is too long is refused when it is read as manifests
	}
	list := &resourceList{text: text}
	if yaml.Unmarshal(text, list) != nil || list.Kind != "ResourceList" || !strings.HasPrefix(list.APIVersion, "config.kubernetes.io/") {
		return nil, nil // whatever is wrong with it is found when it is read as manifests
	}
	return list, nil
}

// input gives the command what the function is to work on: the options of the
// functionConfig, and all items, with the functionConfig after them where it is
// an RGD or an instance.
func (l *resourceList) input(s *cli.Streams, flags *pflag.FlagSet) error {
	config := manifest.Document{Object: l.FunctionConfig}
	if l.FunctionConfig == nil {
		return nil
	}
	if config.APIVersion() == "v1" && config.Kind() == "ConfigMap" {
		return setFlags(l.FunctionConfig, flags)
	}
	if slices.ContainsFunc(l.Items, l.isConfig) {
		return nil // kustomize gives a generator's configuration as an item, too
	}
	data, err := manifest.CanonicalJSON(withoutFunction(l.FunctionConfig))
	if err != nil {
		return fmt.Errorf("reading the functionConfig: %w", err)
	}
	separator := "\n---\n"
	if bytes.HasPrefix(bytes.TrimSpace(l.text), []byte("{")) {
		separator = "\n"
	}
	l.config = true
	s.In = io.MultiReader(bytes.NewReader(l.text), strings.NewReader(separator), bytes.NewReader(data))
	return nil
}

// isConfig reports whether an item is the functionConfig itself.
func (l *resourceList) isConfig(item map[string]any) bool {
	a, b := manifest.Document{Object: item}, manifest.Document{Object: l.FunctionConfig}
	meta, _ := item["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	return annotations["config.kubernetes.io/function"] != nil && a.Title() == b.Title() && a.APIVersion() == b.APIVersion()
}

// setFlags sets flags from the data of a ConfigMap; the command line takes precedence.
func setFlags(config map[string]any, flags *pflag.FlagSet) error {
	data, _ := config["data"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(data)) {
		f := flags.Lookup(name)
		text, ok := data[name].(string)
		switch {
		case f == nil || name == "output":
			return cli.Usagef("functionConfig: data.%s: render has no such option", name)
		case !ok:
			return cli.Usagef("functionConfig: data.%s must be a string", name)
		case f.Changed:
			continue
		}
		if err := flags.Set(name, text); err != nil {
			return cli.Usagef("functionConfig: data.%s: %w", name, err)
		}
	}
	return nil
}

// withoutFunction drops what says how the function is run.
func withoutFunction(config map[string]any) map[string]any {
	meta, _ := config["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	out, meta, annotations := maps.Clone(config), maps.Clone(meta), maps.Clone(annotations)
	maps.DeleteFunc(annotations, func(name string, _ any) bool {
		return name == "config.kubernetes.io/function" || name == "config.kubernetes.io/local-config"
	})
	if meta != nil {
		delete(meta, "annotations")
		if len(annotations) > 0 {
			meta["annotations"] = annotations
		}
		out["metadata"] = meta
	}
	return out
}

// render renders a ResourceList. Items are as they were when there are
// errors, of which the results tell.
func (l *resourceList) render(c load.Loader) error {
	if err := l.input(&c.Streams, c.Flags()); err != nil {
		return err
	}
	r, err := c.Render([]string{"-"})
	if err != nil {
		return err
	}
	r.Collide()
	l.strayConfig(r)
	found := report.Findings(c.Streams.Err, r.Result.Diagnostics, r.In.Printing())
	if found != nil && !errors.Is(found, cli.ErrFindings) {
		return found
	}
	items := make([]any, 0, len(r.Result.Objects))
	if found == nil {
		for _, o := range r.Result.Objects {
			items = append(items, o.Object)
		}
	} else {
		for _, o := range l.Items {
			items = append(items, o)
		}
	}
	out := map[string]any{"apiVersion": l.APIVersion, "kind": l.Kind, "items": items}
	if l.FunctionConfig != nil {
		out["functionConfig"] = l.FunctionConfig
	}
	if results := l.results(r.Result.Diagnostics); len(results) > 0 {
		out["results"] = results
	}
	if err := manifest.EncodeYAML(c.Streams.Out, []map[string]any{out}); err != nil {
		return err
	}
	return found
}

// strayConfig drops a functionConfig that was passed through, and reports one
// that says nothing to do.
func (l *resourceList) strayConfig(r *load.Run) {
	r.Result.Objects = slices.DeleteFunc(r.Result.Objects, func(o render.Object) bool {
		appended := l.config && o.Doc != nil && o.Doc.File == "-" && o.Doc.Index == len(l.Items)
		if o.Doc == nil || !appended && !l.isConfig(o.Object) {
			return false
		}
		if kind := o.Doc.Kind(); kind != "ConfigMap" {
			r.Result.Diagnostics.Errorf(o.Doc.Start(), "function-config",
				"the functionConfig is of kind %s; it has to be a ResourceGraphDefinition, an instance of one, or a ConfigMap with options", kind)
		}
		return true
	})
}

// results are the findings in the form of the specification. The file is that
// which an item comes from, where the tool that runs the function says so.
func (l *resourceList) results(findings diag.List) []any {
	documents, _ := manifest.Read("-", l.text, manifest.Limits{})
	lines := 1 + bytes.Count(l.text, []byte("\n"))
	var out []any
	for _, d := range findings {
		result := map[string]any{
			"message": d.Message, "severity": d.Severity.String(), "tags": map[string]any{"rule": d.Rule, "position": d.Pos.String()},
		}
		if d.Path != "" {
			result["field"] = map[string]any{"path": d.Path}
		}
		if item := itemAt(documents, d.Pos); item != nil && d.Pos.Line <= lines {
			result["resourceRef"] = map[string]any{"apiVersion": item.APIVersion(), "kind": item.Kind(), "name": item.Name(), "namespace": item.Namespace()}
			if file := fileOf(item); file != nil {
				result["file"] = file
			}
		}
		out = append(out, result)
	}
	return out
}

// itemAt returns the item that a finding is about.
func itemAt(items []*manifest.Document, at diag.Position) *manifest.Document {
	var found *manifest.Document
	for _, item := range items {
		if at.File == "-" && item.Start().Line <= at.Line {
			found = item
		}
	}
	return found
}

func fileOf(item *manifest.Document) map[string]any {
	meta, _ := item.Object["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	for _, prefix := range []string{"internal.config.kubernetes.io/", "config.kubernetes.io/"} {
		name, ok := annotations[prefix+"path"].(string)
		if !ok {
			continue
		}
		text, _ := annotations[prefix+"index"].(string)
		index, _ := strconv.ParseInt(text, 10, 64) // 0 where there is none
		return map[string]any{"path": name, "index": index}
	}
	return nil
}
