//go:build linux

package controller_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/pkg/apis/meta"
	"github.com/fluxcd/pkg/runtime/conditions"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/testdata/torture"
)

// TestHostileRepositories gives one controller every repository of testdata/torture
// that an archive can hold. Each object is told why it is refused, no condition has
// what none may have, and an object beside them is rendered as before.
func TestHostileRepositories(t *testing.T) {
	needsCluster(t)
	ns := namespace(t)
	commit(t, ns, "shop", "c1", archive(t, "shop.txtar", "1"))
	good := create(t, ns, "shop", nil)
	rendered(t, good, "c1")

	attacks := append(slices.Concat(torture.Documents(), torture.Graphs(), torture.Trees()), torture.Attack{
		Name: "documents that are no objects", Build: torture.Files{"a.yaml": strings.Repeat("---\na: b\n", 60_000)}.Write, Says: "nothing is rendered",
	})
	attacks = slices.DeleteFunc(attacks, func(a torture.Attack) bool { return a.Local })
	// A few at a time, which the controller renders at once.
	for group := range slices.Chunk(attacks, 8) {
		var objects []*v1alpha1.RenderedSource
		for _, a := range group {
			dir := t.TempDir()
			if err := a.Build(dir); err != nil {
				t.Fatal(err)
			}
			data, err := torture.Archive(dir)
			if err == nil {
				err = os.RemoveAll(dir)
			}
			if err != nil {
				t.Fatal(err)
			}
			name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(a.Name), "-"), "-")
			publish(t, ns, name, "c1", data)
			objects = append(objects, create(t, ns, name, func(spec *v1alpha1.RenderedSourceSpec) {
				spec.SourceRef.Name, spec.Path, spec.Timeout = name, "", metav1.Duration{Duration: 5 * time.Minute}
			}))
		}
		for i, a := range group {
			t.Run(a.Name, func(t *testing.T) { endures(t, a, objects[i]) })
		}
	}
	commit(t, ns, "shop", "c2", archive(t, "shop.txtar", "2"))
	rendered(t, good, "c2")
}

// endures waits until an attack has ended as it has to.
func endures(t *testing.T, a torture.Attack, obj *v1alpha1.RenderedSource) {
	const hang = 5 * time.Minute // not a bound of speed
	err := eventually(hang, func() error {
		if err := world.client.Get(context.Background(), client.ObjectKeyFromObject(obj), obj); err != nil {
			return err
		}
		if c := conditions.Get(obj, meta.ReadyCondition); c == nil || c.Status == metav1.ConditionUnknown {
			return fmt.Errorf("not done: %v", c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, c := range obj.GetConditions() {
		said += c.Type + " " + c.Reason + ": " + c.Message + "\n"
	}
	t.Logf("%d bytes: %.300q", len(said), said)
	if leak := torture.Leak(said); leak != "" {
		t.Errorf("the conditions have %q:\n%.2000q", leak, said)
	}
	if conditions.IsReady(obj) {
		if a.Code == torture.Refused {
			t.Errorf("it is ready:\n%.2000s", said)
		}
		return
	}
	if obj.Status.Artifact != nil {
		t.Errorf("it is refused, and published %+v", obj.Status.Artifact)
	}
	if a.Code == torture.Refused && !regexp.MustCompile(a.Says).MatchString(said) {
		t.Errorf("no condition says %q:\n%.2000s", a.Says, said)
	}
}
