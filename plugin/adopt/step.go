// Package adopt changes who looks after the objects of an instance, kro or a GitOps
// tool, without one of them being deleted. What goes in is a render and a cluster;
// what comes out is a plan of ordered steps, and their execution. It never sends a
// delete for an object of an instance.
package adopt

// Step is one step of changing hands. The order of the steps is what keeps the
// objects: TestNoStepLeadsToADeletion looks at every order in which kro, the GitOps
// tool and these steps can act.
type Step string

// The steps, each with what it waits for.
const (
	// Hold tells GitOps tools not to prune or delete: annotations on the instance, its
	// RGD and its objects. A tool that had the instance from Git would else prune it
	// once Git has its objects instead, and kro would delete them.
	Hold Step = "hold"
	// Seen waits until the GitOps tool has looked at the cluster after the step before,
	// because it may prune what it remembers. Git may change after this step.
	Seen Step = "seen"
	// Suspend stops kro for this instance, and takes off one of kro's labels, which kro
	// puts back even when it is suspended.
	Suspend Step = "suspend"
	// Fence waits for that label: kro reconciles an instance one at a time, so what it
	// began before it was suspended has ended.
	Fence Step = "fence"
	// Release takes kro's labels off the objects, above all the one by which kro finds
	// what to delete, and moves the ownership of their fields.
	Release Step = "release"
	// Empty writes an inventory without kinds to the instance, a valid one: kro deletes
	// only objects of kinds that are in it.
	Empty Step = "empty"
	// Handover waits until the GitOps tool has the objects from Git, in sync.
	Handover Step = "handover"
	// Check reads everything again: the instance is suspended and its inventory empty,
	// and no object has kro's label.
	Check Step = "check"
	// Remove deletes the instance, if it is still as Check has read it.
	Remove Step = "remove"
	// Gone waits until kro has removed its finalizer.
	Gone Step = "gone"
	// Finalize removes kro's finalizer from the instance, where nobody else will: kro is
	// not running. kro would make an instance anew whose finalizer it misses.
	Finalize Step = "finalize"
	// Unhold takes the annotations of Hold off the objects.
	Unhold Step = "unhold"

	// Returned waits until the GitOps tool does not have the objects from Git any longer.
	Returned Step = "returned"
	// Untrack removes the marks with which the GitOps tool finds what to prune.
	Untrack Step = "untrack"
	// Restore writes back the inventory of the instance.
	Restore Step = "restore"
	// Resume lets kro reconcile the instance.
	Resume Step = "resume"
	// Adopted waits until kro has put its label on every object.
	Adopted Step = "adopted"
)

// ToGitOps are the steps from kro to a GitOps tool, in order. Until Remove they can
// be taken back.
func ToGitOps() []Step {
	return []Step{Hold, Seen, Suspend, Fence, Release, Empty, Handover, Check, Remove, Gone, Unhold}
}

// Rollback are the steps back to kro from any point before Remove.
func Rollback() []Step {
	return []Step{Hold, Returned, Untrack, Seen, Restore, Resume, Adopted, Unhold}
}

// ToKro are the steps from a GitOps tool to kro, in order.
func ToKro() []Step {
	return []Step{Hold, Seen, Returned, Adopted, Untrack, Seen, Unhold}
}
