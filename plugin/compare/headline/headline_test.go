package headline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/krowave/krowave/plugin/compare/headline"
)

func TestOf(t *testing.T) {
	const pod = "containers: [{resources: {requests: {cpu: 100m, memory: 64Mi}}}, {resources: {limits: {cpu: 1}}}]"
	for _, c := range []struct {
		name, text string
		want       map[string]string
	}{
		{"nothing", "", map[string]string{}},
		{"no workload", "{apiVersion: v1, kind: ConfigMap}", map[string]string{}},
		{"a kind of the same name", "{apiVersion: example.com/v1, kind: Deployment, spec: {replicas: 3}}", map[string]string{}},
		{"pod", "{apiVersion: v1, kind: Pod, spec: {" + pod + "}}", map[string]string{"cpu": "1100m", "memory": "64Mi"}},
		{"deployment", "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 3, template: {spec: {" + pod + "}}}}", map[string]string{"cpu": "3300m", "memory": "192Mi", "replicas": "3"}},
		{"no replicas set", "{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {}}}}", map[string]string{"replicas": "1"}},
		{"no replicas at all", "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 0, template: {spec: {" + pod + "}}}}", map[string]string{"replicas": "0", "cpu": "0", "memory": "0"}},
		{
			"stateful set", "{apiVersion: apps/v1, kind: StatefulSet, spec: {replicas: 2, template: {spec: {}}, volumeClaimTemplates: [{spec: {resources: {requests: {storage: 1Gi}}}}, {spec: {resources: {requests: {storage: 512Mi}}}}]}}",
			map[string]string{"replicas": "2", "storage": "3Gi"},
		},
		{"claim", "{apiVersion: v1, kind: PersistentVolumeClaim, spec: {resources: {requests: {storage: 10Gi}}}}", map[string]string{"storage": "10Gi"}},
		{"job", "{apiVersion: batch/v1, kind: Job, spec: {parallelism: 4, template: {spec: {containers: [{resources: {requests: {cpu: 1}}}]}}}}", map[string]string{"cpu": "4"}},
		{"cron job", "{apiVersion: batch/v1, kind: CronJob, spec: {jobTemplate: {spec: {template: {spec: {containers: [{resources: {requests: {cpu: 1}}}]}}}}}}", map[string]string{"cpu": "1"}},
		{
			"init containers and sidecars", `{apiVersion: v1, kind: Pod, spec: {containers: [{resources: {requests: {cpu: 1}}}],
			initContainers: [{restartPolicy: Always, resources: {requests: {cpu: 500m}}}, {resources: {requests: {cpu: 2}}}], overhead: {cpu: 100m}}}`,
			map[string]string{"cpu": "2600m"},
		},
		{"no quantities", "{apiVersion: v1, kind: Pod, spec: {containers: [{resources: {requests: {cpu: much, memory: [], storage: -1}}}, 7]}}", map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := map[string]string{}
			for name, q := range headline.Of(parse(t, c.text)) {
				got[name] = q.String()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestChanged(t *testing.T) {
	var sum headline.Sum
	if got := sum.Changed(); got != nil {
		t.Errorf("nothing comes to %v", got)
	}
	deployment := func(replicas string) map[string]any {
		return parse(t, "{apiVersion: apps/v1, kind: Deployment, spec: {replicas: "+replicas+", template: {spec: {containers: [{resources: {requests: {cpu: 250m, memory: 1Gi}}}]}}}}")
	}
	sum.Add(deployment("2"), deployment("4"))
	sum.Add(nil, deployment("1"))
	sum.Add(parse(t, "{apiVersion: v1, kind: PersistentVolumeClaim, spec: {resources: {requests: {storage: 10Gi}}}}"), nil)
	want := []headline.Request{{"replicas", "2", "5"}, {"cpu", "500m", "1250m"}, {"memory", "2Gi", "5Gi"}, {"storage", "10Gi", "0"}}
	if diff := cmp.Diff(want, sum.Changed()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
