//go:build ignore

package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/argoproj/argo-cd/v2/reposerver/apiclient"
)

// objects decodes an answer, without the tracking that Argo CD adds.
func objects(resp *apiclient.ManifestResponse) []map[string]any {
	var out []map[string]any
	for _, m := range resp.Manifests {
		var o map[string]any
		if err := json.Unmarshal([]byte(m), &o); err != nil {
			return []map[string]any{{"error": err.Error()}}
		}
		if meta, ok := o["metadata"].(map[string]any); ok {
			if annotations, ok := meta["annotations"].(map[string]any); ok {
				delete(annotations, "argocd.argoproj.io/tracking-id")
			}
		}
		out = append(out, o)
	}
	return out
}

// different says what differs between two lists of objects in any order.
func different(got, want []map[string]any) string {
	key := func(o map[string]any) string {
		meta, _ := o["metadata"].(map[string]any)
		return fmt.Sprintf("%v/%v/%v", o["kind"], meta["namespace"], meta["name"])
	}
	index := func(list []map[string]any) map[string]map[string]any {
		out := map[string]map[string]any{}
		for _, o := range list {
			out[key(o)] = o
		}
		return out
	}
	a, b := index(got), index(want)
	var problems []string
	for k, o := range b {
		if a[k] == nil {
			problems = append(problems, k+" is missing")
		} else if !reflect.DeepEqual(a[k], o) {
			problems = append(problems, fmt.Sprintf("%s is %v, want %v", k, a[k], o))
		}
	}
	for k := range a {
		if b[k] == nil {
			problems = append(problems, k+" is too much")
		}
	}
	if len(got) == 0 {
		problems = append(problems, "no objects")
	}
	sort.Strings(problems)
	return strings.Join(problems, "; ")
}

func waves(list []map[string]any) string {
	var found []string
	for _, o := range list {
		meta, _ := o["metadata"].(map[string]any)
		annotations, _ := meta["annotations"].(map[string]any)
		found = append(found, fmt.Sprint(annotations["argocd.argoproj.io/sync-wave"]))
	}
	all := strings.Join(found, " ")
	return first(lacks(all, "0"), func() string { return lacks(all, "1") }, func() string { return lacks(all, "2") })
}
