package adopt

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/krowave/krowave/plugin/deployer"
	"github.com/krowave/krowave/plugin/kubeapi"
	"github.com/krowave/krowave/render/object"
)

// account is who sends requests: a service account, or "" for the user of this run.
type account struct{ namespace, name string }

func (a account) String() string {
	if a == (account{}) {
		return "you"
	}
	return "the service account " + a.namespace + "/" + a.name
}

// right is a verb on objects of a kind in a namespace, "" for all of the cluster.
type right struct {
	resource  schema.GroupResource
	namespace string
	verb      string
}

// reviews are answers of the cluster, so that each question is sent once.
type reviews map[account]map[right]bool

// rightsRisks are the rights that somebody needs for the steps and does not have: the
// user of this run, and who applies the objects afterwards, as far as the cluster says
// who that is. It asks by access reviews, which store nothing.
func (c *Cluster) rightsRisks(ctx context.Context, w *look, opts Options) ([]Risk, error) {
	if w.WithKro || w.finished(opts.To) {
		return nil, nil
	}
	if c.reviews == nil {
		c.reviews = reviews{}
	}
	out := []Risk{}
	own, err := c.lacking(ctx, account{}, w.ownRights(c))
	if err != nil {
		return nil, err
	}
	if len(own) > 0 {
		out = append(out, Risk{true, "rights", w.Instances[0].String(), "you are not allowed to " + listed(own) + ", which the steps need"})
	}
	accounts, err := c.appliers(ctx, w, opts)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		missing, err := c.lacking(ctx, a, w.applyRights(c))
		if err != nil {
			return nil, err
		}
		if len(missing) > 0 {
			out = append(out, Risk{false, "deployer-rights", w.Instances[0].String(), fmt.Sprintf("%s is not allowed to %s: unless it applies as somebody else, the objects never come into its hands", a, listed(missing))})
		}
	}
	return out, nil
}

func listed(rights []right) string {
	var order []string
	verbs := map[string][]string{}
	for _, r := range rights {
		where := " " + r.resource.String() + " in the cluster"
		if r.namespace != "" {
			where = " " + r.resource.String() + " in namespace " + r.namespace
		}
		if verbs[where] == nil {
			order = append(order, where)
		}
		verbs[where] = append(verbs[where], r.verb)
	}
	for i, where := range order {
		order[i] = strings.Join(verbs[where], ", ") + where
	}
	return strings.Join(order, "; ")
}

// ownRights are those that the steps need.
func (w *look) ownRights(c *Cluster) []right {
	var out []right
	for _, o := range w.objects {
		if o.live != nil {
			out = c.rights(out, o.Ref, "get", "patch")
		}
	}
	for i, r := range w.Instances {
		if w.instances[i] != nil {
			out = c.rights(out, r, "get", "patch", "delete")
		}
	}
	for i, name := range w.RGDs {
		if w.rgds[i] != nil {
			out = c.rights(out, Ref{APIVersion: "kro.run/v1alpha1", Kind: "ResourceGraphDefinition", Name: name}, "get", "patch")
		}
	}
	return c.rights(out, Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: cmp.Or(w.Instances[0].Namespace, "default")}, "get", "create", "update")
}

// applyRights are those that who applies the objects afterwards needs.
func (w *look) applyRights(c *Cluster) []right {
	var out []right
	for _, o := range w.objects {
		if o.Place != InCluster {
			out = c.rights(out, o.Ref, "get", "create", "patch")
		}
	}
	return out
}

// rights adds some verbs on the kind of an object, each once.
func (c *Cluster) rights(list []right, r Ref, verbs ...string) []right {
	mapping, err := c.Served(r.GVK().GroupKind(), r.GVK().Version)
	if err != nil || mapping == nil {
		return list // whoever applies it finds out
	}
	for _, verb := range verbs {
		need := right{mapping.Resource.GroupResource(), r.Namespace, verb}
		if !slices.Contains(list, need) {
			list = append(list, need)
		}
	}
	return list
}

// lacking are the rights that somebody does not have. Nothing is said where the
// cluster does not tell.
func (c *Cluster) lacking(ctx context.Context, who account, rights []right) ([]right, error) {
	if c.reviews[who] == nil {
		c.reviews[who] = map[right]bool{}
	}
	known := c.reviews[who]
	var out []right
	for _, r := range rights {
		allowed, ok := known[r]
		if !ok {
			var err error
			if allowed, err = c.allowed(ctx, who, r); err != nil {
				return nil, err
			}
			known[r] = allowed
		}
		if !allowed {
			out = append(out, r)
		}
	}
	return out, nil
}

// allowed asks the cluster. What it does not tell counts as allowed.
func (c *Cluster) allowed(ctx context.Context, who account, r right) (bool, error) {
	kind, resource := "SelfSubjectAccessReview", "selfsubjectaccessreviews"
	spec := map[string]any{"resourceAttributes": map[string]any{"group": r.resource.Group, "resource": r.resource.Resource, "namespace": r.namespace, "verb": r.verb}}
	if who != (account{}) {
		kind, resource = "SubjectAccessReview", "subjectaccessreviews"
		spec["user"] = "system:serviceaccount:" + who.namespace + ":" + who.name
		spec["groups"] = []any{"system:serviceaccounts", "system:serviceaccounts:" + who.namespace, "system:authenticated"}
	}
	at := schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: resource}
	review := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}}
	answer, err := c.Objects.Resource(at).Create(ctx, review, metav1.CreateOptions{})
	switch {
	case apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("asking the cluster who may %s %s: %w", r.verb, r.resource, err)
	}
	status := object.Map(answer.Object, "status")
	allowed, told := status["allowed"].(bool)
	return allowed || !told || object.Text(status, "evaluationError") != "", nil
}

// appliers are the service accounts that apply the objects afterwards: those of the
// Applications or Kustomizations that have the instance or its objects, else of all;
// for kro, that of its chart. One that the cluster does not have is not listed.
func (c *Cluster) appliers(ctx context.Context, w *look, opts Options) ([]account, error) {
	var found []account
	kind := deployer.Applications()
	switch opts.To {
	case Kro:
		found = []account{{"kro-system", "kro"}, {"kro", "kro"}}
	case Flux:
		kind = deployer.Kustomizations()
	}
	tools := w.concerned()
	of := func(list []tool) {
		for _, t := range list {
			if opts.To == Kro || t.GVK().GroupKind() != kind {
				continue
			}
			if a := applierOf(t); !slices.Contains(found, a) {
				found = append(found, a)
			}
		}
	}
	if of(tools); len(found) == 0 {
		of(w.tools)
	}
	var out []account
	for _, a := range found {
		live, err := c.Get(ctx, kubeapi.Ref{APIVersion: "v1", Kind: "ServiceAccount", Namespace: a.namespace, Name: a.name})
		if apierrors.IsForbidden(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if live != nil {
			out = append(out, a)
		}
	}
	return out, nil
}

// applierOf is the service account of an Application's or Kustomization's controller, as
// their installations call it, or the one that the Kustomization names.
func applierOf(t tool) account {
	if t.GVK().GroupKind() == deployer.Applications() {
		return account{cmp.Or(object.Text(object.Map(t.Live.Object, "status"), "controllerNamespace"), t.Namespace), "argocd-application-controller"}
	}
	if name := object.Text(object.Map(t.Live.Object, "spec"), "serviceAccountName"); name != "" {
		return account{t.Namespace, name}
	}
	return account{"flux-system", "kustomize-controller"}
}
