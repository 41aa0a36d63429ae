package health

// Data returns the entries of argocd-cm that hold the checks.
func Data(checks []Check) map[string]any {
	data := map[string]any{}
	for _, c := range checks {
		data[c.Key()] = c.Lua
	}
	return data
}

// ConfigMap returns argocd-cm with the checks and nothing else, to merge into
// the one that is there.
func ConfigMap(checks []Check) map[string]any {
	return map[string]any{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata": map[string]any{
			"name": "argocd-cm",
			// Argo CD reads a ConfigMap with this label only.
			"labels": map[string]any{"app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd"},
		},
		"data": Data(checks),
	}
}
