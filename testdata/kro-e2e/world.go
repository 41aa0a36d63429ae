package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	controlplane "github.com/krowave/krowave/testdata/kubernetes"
)

// world is a control plane with kro's controller beside it.
type world struct {
	*api
	cluster *controlplane.Cluster
}

// startWorld starts a control plane in a directory, installs kro's CRDs and starts kro.
func startWorld(ctx context.Context, dir string, kro kroBuild, gates string) (*world, error) {
	cluster, err := controlplane.Start(dir)
	if err != nil {
		return nil, err
	}
	w := &world{cluster: cluster}
	if w.api, err = newAPI(cluster.Config); err == nil {
		err = w.startKro(ctx, kro, gates)
	}
	if err != nil {
		cluster.Stop()
		return nil, err
	}
	return w, nil
}

// kroBuild is a built release of kro.
type kroBuild struct{ binary, crds string }

func (w *world) startKro(ctx context.Context, kro kroBuild, gates string) error {
	files, err := filepath.Glob(filepath.Join(kro.crds, "*.yaml"))
	if err != nil {
		return err
	}
	var crds []*unstructured.Unstructured
	for _, file := range files {
		objects, err := readFile(file)
		if err != nil {
			return err
		}
		crds = append(crds, objects...)
	}
	if err := w.installCRDs(ctx, crds); err != nil {
		return err
	}
	probe, err := controlplane.FreeAddress()
	if err != nil {
		return err
	}
	_, err = w.cluster.Run("kro", controlplane.Answers("http://"+probe+"/readyz", ""), kro.binary,
		"--metrics-bind-address", "0", "--health-probe-bind-address", probe, "--feature-gates", gates,
		// Defaults suit a cluster that is left alone; here many graphs arrive at once.
		"--resource-graph-definition-concurrent-reconciles", "2", "--dynamic-controller-concurrent-reconciles", "4",
		"--dynamic-controller-rate-limiter-rate-limit", "1000", "--dynamic-controller-rate-limiter-burst-limit", "1000",
		"--dynamic-controller-rate-limiter-max-delay", "2s", "--dynamic-controller-default-queue-max-retries", "1000",
		"--instance-requeue-interval", "500ms", "--rgd-progress-requeue-delay", "500ms", "--client-qps", "1000", "--client-burst", "1000")
	return err
}

// stop ends the world.
func (w *world) stop() { w.cluster.Stop() }

// prepare puts into the cluster what a case expects to be there.
func (w *world) prepare(ctx context.Context, c *testCase, more []*unstructured.Unstructured) error {
	if err := w.installCRDs(ctx, c.crds); err != nil {
		return err
	}
	if err := w.createNamespaces(ctx, []*unstructured.Unstructured{c.instance}); err != nil {
		return err
	}
	if err := w.createNamespaces(ctx, slices.Concat(c.cluster, more, c.literalNamespaces())); err != nil {
		return err
	}
	for _, o := range c.cluster {
		if err := eventually(ctx, 10*time.Second, func() error { return w.put(ctx, o) }); err != nil {
			return fmt.Errorf("cluster/: %s: %w", identityOf(o), err)
		}
	}
	return nil
}

// define creates RGDs and waits until kro has made their kinds.
func (w *world) define(ctx context.Context, rgds []*unstructured.Unstructured) error {
	for _, rgd := range rgds {
		if err := w.create(ctx, rgd); err != nil {
			return fmt.Errorf("%s: %w", identityOf(rgd), err)
		}
	}
	for _, rgd := range rgds {
		err := eventually(ctx, 90*time.Second, func() error {
			live, err := w.live(ctx, rgd)
			if err == nil && stateOf(live) != "Active" {
				err = fmt.Errorf("%s is not Active: %s", identityOf(rgd), strings.Join(conditionsOf(live), "; "))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// instantiate makes an instance of a kind that may have been defined a moment ago.
func (w *world) instantiate(ctx context.Context, instance *unstructured.Unstructured) error {
	if err := eventually(ctx, 20*time.Second, func() error { return w.create(ctx, instance) }); err != nil {
		return fmt.Errorf("%s: %w", identityOf(instance), err)
	}
	return nil
}

func stateOf(o *unstructured.Unstructured) string {
	if o == nil {
		return "absent"
	}
	state, _, _ := unstructured.NestedString(o.Object, "status", "state")
	return state
}

// settled reports whether kro has done all it can for an instance. Where the author declares the state
// and conditions, nobody says.
func settled(instance *unstructured.Unstructured) bool {
	return stateOf(instance) == "ACTIVE" || hasCondition(instance, "Ready", "True")
}

// declaresState reports whether the author of an instance's kind has a state or conditions of his own.
func (c *testCase) declaresState() bool {
	for _, rgd := range c.rgds {
		status, _, _ := unstructured.NestedMap(rgd.Object, "spec", "schema", "status")
		if generatedKind(rgd) == c.instance.GroupVersionKind().GroupKind() && (status["state"] != nil || status["conditions"] != nil) {
			return true
		}
	}
	return false
}

// ownedBy selects, of what kro applied, what it applied for instances and for the instances among that.
func ownedBy(owned []*unstructured.Unstructured, instances []*unstructured.Unstructured, kinds map[schema.GroupKind]bool) []*unstructured.Unstructured {
	owners := map[types.UID]bool{}
	for _, instance := range instances {
		if instance != nil {
			owners[instance.GetUID()] = true
		}
	}
	var out []*unstructured.Unstructured
	for taken := map[types.UID]bool{}; ; {
		before := len(out)
		for _, o := range owned {
			if taken[o.GetUID()] || !owners[types.UID(o.GetLabels()["kro.run/instance-id"])] {
				continue
			}
			taken[o.GetUID()] = true
			owners[o.GetUID()] = owners[o.GetUID()] || kinds[o.GroupVersionKind().GroupKind()]
			out = append(out, o)
		}
		if len(out) == before {
			return out
		}
	}
}
