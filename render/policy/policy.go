// Package policy defines the runtime policies: what to do with nodes that depend
// on cluster-only values. The meaning of a policy is in its methods, so that a
// new one is a change of this package.
package policy

// Runtime is a policy. The zero value is Fail.
type Runtime string

// Policies.
const (
	Fail     Runtime = "fail"     // an error for each
	Withhold Runtime = "withhold" // left out and listed
	Delegate Runtime = "delegate" // left to kro in the cluster, by way of a residual RGD

	// Placeholder renders them with texts such as <runtime: db.status.ip> in place
	// of the values: to look at, never to apply.
	Placeholder Runtime = "placeholder"
)

// All lists the policies.
func All() []Runtime { return []Runtime{Fail, Withhold, Delegate, Placeholder} }

// Appliable lists the policies whose output may be applied to a cluster.
func Appliable() []Runtime { return []Runtime{Fail, Withhold, Delegate} }

// Refuses reports whether a node that waits is an error.
func (p Runtime) Refuses() bool { return p == Fail || p == "" }

// LeavesOut reports whether a node that waits is left out, with all that waits
// for it, so that the output may be incomplete.
func (p Runtime) LeavesOut() bool { return p == Withhold }

// Delegates reports whether an RGD is divided between Git and kro.
func (p Runtime) Delegates() bool { return p == Delegate }

// Fills reports whether texts stand in for the values that are missing.
func (p Runtime) Fills() bool { return p == Placeholder }
