package compare

import (
	"github.com/krowave/krowave/plugin/compare/compat"
	"github.com/krowave/krowave/plugin/compare/field"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// Report is what a change does. Every list is sorted, so equal inputs give equal
// reports. Its JSON form is documented in docs/diff.md.
type Report struct {
	Old string `json:"old"` // labels of the sides
	New string `json:"new"`

	Summary     Summary            `json:"summary"`
	Headlines   Headlines          `json:"headlines"`
	Dangers     []Danger           `json:"dangers,omitempty"`
	Definitions []DefinitionChange `json:"definitions,omitempty"`
	Instances   []InstanceChange   `json:"instances,omitempty"`   // by project
	PassThrough []ObjectChange     `json:"passThrough,omitempty"` // objects of no instance

	// Groups and DangerGroups say the same as the lists above, equal ones once.
	Groups       []Group       `json:"groups,omitempty"`       // by size
	DangerGroups []DangerGroup `json:"dangerGroups,omitempty"` // errors first, causes before their consequences

	// Drift is how a cluster differs from the old side, where that is a revision and
	// a cluster was asked: the next sync changes it, whatever Git changes.
	Drift *Report `json:"drift,omitempty"`

	projects     int  // that instances belong to
	refused      bool // a cluster refuses an object
	findings     diag.List
	single       map[*ObjectChange]bool // changes that are in no group
	singleBroken map[int]bool           // instances whose findings are in no group
}

// Summary counts a report. Objects are counted once, those of instances and
// those passed through alike.
type Summary struct {
	Added       int `json:"added"`
	Changed     int `json:"changed"`
	Deleted     int `json:"deleted"`
	Moved       int `json:"moved"`       // to another wave; changed objects among them
	Unchanged   int `json:"unchanged"`   // of what was rendered
	PassThrough int `json:"passThrough"` // of the added, changed and deleted: those of no instance

	Instances   InstanceCounts `json:"instances"`
	Definitions int            `json:"definitions"` // RGDs whose instances are touched
	Dangers     int            `json:"dangers"`
}

// InstanceCounts are the instances of both sides by status.
type InstanceCounts struct {
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Removed   int `json:"removed"`
	Broken    int `json:"broken"`
	Unchanged int `json:"unchanged"`
}

// Touched is the number of instances that are not unchanged.
func (c InstanceCounts) Touched() int { return c.Added + c.Changed + c.Removed + c.Broken }

// Status says what became of an instance.
type Status string

// Statuses of instances.
const (
	Changed   Status = "changed"
	Unchanged Status = "unchanged"
	Added     Status = "added"
	Removed   Status = "removed"
	Broken    Status = "broken" // it cannot be rendered on the new side
)

// InstanceChange is one instance of the input, with what is chained into it.
type InstanceChange struct {
	Identity    render.Identity `json:"instance"`
	Status      Status          `json:"status"`
	Definitions []string        `json:"definitions"` // names of RGDs: its own, then those chained into it
	Position    *diag.Position  `json:"position,omitempty"`
	Edited      bool            `json:"edited,omitempty"`      // the manifest of the instance itself differs
	Objects     []ObjectChange  `json:"objects,omitempty"`     // without the unchanged ones
	Diagnostics diag.List       `json:"diagnostics,omitempty"` // why it is broken

	place string   // that tells it from others, "" where its name does
	keys  []string // of Definitions
}

// IsGraph reports whether it is an object of kind Graph that is rendered.
func (i *InstanceChange) IsGraph() bool {
	return i.Identity.Kind == "Graph" && i.Identity.Key().Group == "kro.run"
}

// Action says what happens to an object.
type Action string

// Actions. An object that only moves has the same content in another wave.
const (
	AddObject    Action = "added"
	ChangeObject Action = "changed"
	DeleteObject Action = "deleted"
	MoveObject   Action = "moved"
)

// ObjectChange is an object that is not the same on both sides.
type ObjectChange struct {
	Action   Action          `json:"action"`
	Identity render.Identity `json:"object"` // apiVersion of the new side, where there is one
	// Node is rgd/id, with [index] in a collection; empty for an object of no
	// instance.
	Node   string `json:"node,omitempty"`
	Reason Reason `json:"reason,omitempty"`
	Wave   *Wave  `json:"wave,omitempty"` // nil for an object of no instance
	// From is the instance that had the object, when it is another one now.
	From   *render.Identity `json:"from,omitempty"`
	Fields []FieldChange    `json:"fields,omitempty"` // of changed objects
	// Content is what an added or deleted object holds, with masks in the place of
	// Secrets' values.
	Content map[string]any `json:"content,omitempty"`

	// The objects, nil where there is none, with the values of Secrets hidden. YAML
	// prints them. Each has the name of its file.
	before, after         map[string]any
	clusterScoped         bool // its kind is known to be
	beforeFile, afterFile string
}

// Wave is the wave of an object on either side; nil where it has none.
type Wave struct {
	Before *int `json:"before,omitempty"`
	After  *int `json:"after,omitempty"`
}

// Reason says why an object comes or goes, or why it is replaced.
type Reason string

// Reasons.
const (
	InstanceAdded   Reason = "instance-added"
	InstanceMended  Reason = "instance-mended" // it could not be rendered before
	InstanceRemoved Reason = "instance-removed"
	NodeAdded       Reason = "node-added"      // the RGD has a new resource
	NodeRemoved     Reason = "node-removed"    // the RGD lost a resource
	NodeIncluded    Reason = "node-included"   // includeWhen was false
	NodeExcluded    Reason = "node-excluded"   // includeWhen is false now
	NodeResolved    Reason = "node-resolved"   // the node waited for a cluster
	NodeDelegated   Reason = "node-delegated"  // kro renders the node now
	NodeReturned    Reason = "node-returned"   // kro rendered the node before
	NodePending     Reason = "node-pending"    // the node waits for a cluster now
	CollectionGrew  Reason = "collection-grew" // an item more
	CollectionLost  Reason = "collection-lost" // an item less
	Renamed         Reason = "renamed"         // the node's object has another name, namespace or kind
	NotInCluster    Reason = "not-in-cluster"  // the old side is a cluster, which does not have it
	Pruned          Reason = "pruned"          // the old side is a cluster, and a GitOps tool has it that prunes it
)

// FieldChange is one difference inside an object.
type FieldChange = field.Change

// Op says how a field differs.
type Op = field.Op

// Ops.
const (
	AddField     = field.Add
	RemoveField  = field.Remove
	ReplaceField = field.Replace
	ReorderField = field.Reorder
)

// Danger is a consequence that somebody should look at before it happens.
type Danger struct {
	Severity diag.Severity    `json:"severity"` // error: data is lost, or a cluster will refuse
	Rule     string           `json:"rule"`     // listed in docs/diagnostics.md
	Message  string           `json:"message"`
	Object   *render.Identity `json:"object,omitempty"`
	Instance *render.Identity `json:"instance,omitempty"`
	Node     string           `json:"node,omitempty"`     // rgd/id, or rgd alone
	Path     string           `json:"path,omitempty"`     // of the field
	Position *diag.Position   `json:"position,omitempty"` // in the RGD or the instance, where known
}

// DefinitionChange is an RGD that differs.
type DefinitionChange struct {
	Name      string         `json:"name"`
	Group     string         `json:"group"` // of its instances
	Kind      string         `json:"kind"`
	Status    Status         `json:"status"` // added, changed, removed or broken
	Position  *diag.Position `json:"position,omitempty"`
	Instances int            `json:"instances"` // that are touched

	Schema []SchemaChange `json:"schema,omitempty"` // of the generated CRD
	// Breaking says that kro would refuse to update the CRD, or would refuse
	// without the annotation that Allowed stands for.
	Breaking bool `json:"breaking,omitempty"`
	Allowed  bool `json:"allowed,omitempty"` // kro.run/allow-breaking-changes

	NodesAdded   []string `json:"nodesAdded,omitempty"`
	NodesRemoved []string `json:"nodesRemoved,omitempty"`
	NodesChanged []string `json:"nodesChanged,omitempty"`

	// Fields are all differences inside the RGD, those of its resources included.
	Fields []DefinitionField `json:"fields,omitempty"`

	Diagnostics diag.List `json:"diagnostics,omitempty"` // why it is broken

	key string // that tells it from others of its name
}

// SchemaChange is one difference between two schemas.
type SchemaChange struct {
	compat.Change
	Position *diag.Position `json:"position,omitempty"`
}

// Findings are errors that only the comparison shows: neither render has them.
func (r *Report) Findings() diag.List { return r.findings }

// Differs reports whether anything that is rendered, or any definition, is not
// the same, or cannot be rendered, or is refused by the cluster that was asked.
func (r *Report) Differs() bool {
	s := r.Summary
	return s.Added+s.Changed+s.Deleted+s.Moved+s.Instances.Touched()+len(r.Definitions) > 0 || r.refused || r.Drift != nil && r.Drift.Differs()
}
