// Package output writes objects as YAML, JSON or names, or to a directory with
// one file per object. It writes all of them or none.
//
//	err := output.Objects(os.Stdout, "yaml", objects)
package output

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/manifest"
)

// Objects writes objects as yaml, json or name.
func Objects(w io.Writer, format string, objects []map[string]any) error {
	switch format {
	case "json":
		return manifest.EncodeJSON(w, objects)
	case "name":
		for _, o := range objects {
			if _, err := fmt.Fprintln(w, resourceName(o)); err != nil {
				return err
			}
		}
		return nil
	}
	return manifest.EncodeYAML(w, objects)
}

// YAML writes the objects of a render, those that are text already as they are.
func YAML(w io.Writer, objects []render.Object) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	for i := range objects {
		text, err := objects[i].YAML()
		if err == nil {
			_, err = buffered.Write(text)
		}
		if err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// resourceName is kind.group/name, as kubectl prints it.
func resourceName(o map[string]any) string {
	d := manifest.Document{Object: o}
	kind := strings.ToLower(d.Kind())
	if group, _, ok := strings.Cut(d.APIVersion(), "/"); ok {
		kind += "." + group
	}
	return kind + "/" + d.Name()
}
