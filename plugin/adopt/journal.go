package adopt

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	journalLabel      = "krowave.dev/adopt"
	holderAnnotation  = "krowave.dev/holder"
	renewedAnnotation = "krowave.dev/renewed"

	// lockLimit is how long a run that was killed keeps others out.
	lockLimit = 30 * time.Second
)

// journal is what a run has done for one instance. It is kept in a ConfigMap, so that
// another run goes on where this one ended, on any machine.
type journal struct {
	To       Target  `json:"to"`
	Instance Ref     `json:"instance"`
	Objects  []known `json:"objects"`
	Owners   []known `json:"instances"`      // the instances
	Done     bool    `json:"done,omitempty"` // nothing is left
}

// known is an object as it was before.
type known struct {
	Ref
	UID   string `json:"uid"`
	Label string `json:"partOf,omitempty"` // kro's label
}

// keeper holds the journal of one instance, and with it the right to act.
type keeper struct {
	cluster *Cluster
	ref     Ref
	id      string
	object  *unstructured.Unstructured
	renewed time.Time
	reads   bool // it does not act, and keeps nobody out
	journal
}

func journalRef(instance Ref) Ref {
	sum := sha256.Sum256([]byte(setID(instance)))
	namespace := instance.Namespace
	if namespace == "" {
		namespace = "default"
	}
	return Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: namespace, Name: "krowave-adopt-" + hex.EncodeToString(sum[:6])}
}

// openJournal reads a journal; nil when there is none.
func (c *Cluster) openJournal(ctx context.Context, instance Ref) (*journal, *unstructured.Unstructured, error) {
	obj, err := c.Get(ctx, journalRef(instance))
	if err != nil || obj == nil {
		return nil, nil, err
	}
	text, _, _ := unstructured.NestedString(obj.Object, "data", "journal.json")
	var j journal
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return nil, nil, fmt.Errorf("reading the journal %s: %w", journalRef(instance), err)
	}
	return &j, obj, nil
}

// take opens or begins a journal, and refuses while another run has it.
func (c *Cluster) take(ctx context.Context, instance Ref, begin func() journal) (*keeper, error) {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // it never fails
	k := &keeper{cluster: c, ref: journalRef(instance), id: hex.EncodeToString(random)}
	j, obj, err := c.openJournal(ctx, instance)
	if err != nil {
		return nil, err
	}
	if j == nil || j.Done {
		k.journal = begin()
	} else {
		k.journal = *j
	}
	if obj != nil {
		at, err := time.Parse(time.RFC3339Nano, obj.GetAnnotations()[renewedAnnotation])
		if holder := obj.GetAnnotations()[holderAnnotation]; holder != "" && err == nil && time.Since(at).Abs() < lockLimit { // one from the future is of a clock that was wrong
			return nil, fmt.Errorf("%s: another run is at it (%s in namespace %s); if that one was killed, try again in %s", instance, k.ref.Name, k.ref.Namespace, lockLimit)
		}
	}
	k.object = obj
	return k, k.save(ctx)
}

// save writes the journal. It fails when another run has taken over.
func (k *keeper) save(ctx context.Context) error { return k.write(ctx, k.id) }

// let lets others have the journal.
func (k *keeper) let(ctx context.Context) error { return k.write(ctx, "") }

func (k *keeper) write(ctx context.Context, holder string) error {
	if k.cluster.DryRun {
		return nil
	}
	text, err := json.Marshal(k.journal)
	if err != nil {
		return fmt.Errorf("encoding the journal: %w", err)
	}
	k.renewed = time.Now()
	body := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"journal.json": string(text)},
		"metadata": map[string]any{
			"name": k.ref.Name, "namespace": k.ref.Namespace, "labels": map[string]any{journalLabel: string(k.To)},
			"annotations": map[string]any{holderAnnotation: holder, renewedAnnotation: k.renewed.UTC().Format(time.RFC3339Nano)},
		},
	}
	client, err := k.cluster.Client(k.ref)
	if err != nil {
		return err
	}
	if k.object == nil {
		k.object, err = client.Create(ctx, &unstructured.Unstructured{Object: body}, metav1.CreateOptions{FieldManager: fieldManager})
	} else {
		obj := &unstructured.Unstructured{Object: body}
		obj.SetResourceVersion(k.object.GetResourceVersion())
		k.object, err = client.Update(ctx, obj, metav1.UpdateOptions{FieldManager: fieldManager})
	}
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return fmt.Errorf("%s: another run has taken over", k.Instance)
	case err != nil:
		return fmt.Errorf("writing the journal %s: %w", k.ref, err)
	}
	return nil
}

// renew keeps others out while this run waits.
func (k *keeper) renew(ctx context.Context) error {
	if k.reads || time.Since(k.renewed) < lockLimit/3 {
		return nil
	}
	return k.save(ctx)
}
