package controller

import (
	"fmt"
	"slices"
	"strings"

	"github.com/krowave/krowave/flux/api/v1alpha1"
	"github.com/krowave/krowave/render"
	"github.com/krowave/krowave/render/diag"
)

// maxEntries is how long a list in a status may get.
const maxEntries = 100

// summarize fills what a status says of a render.
func (out *outcome) summarize(res *render.Result, all diag.List, kept int) {
	st := &out.status
	st.Counts = v1alpha1.Counts{Instances: int32(len(res.Instances)), Objects: int32(len(res.Objects)), Kept: int32(kept)}
	for _, d := range all {
		if d.Severity != diag.Warning {
			continue
		}
		st.Counts.Warnings++
		if strings.HasPrefix(d.Rule, "health-") {
			out.notCarried = append(out.notCarried, fmt.Sprintf("%s: %s", d.Pos, d.Message))
		}
	}
	for _, i := range res.Instances {
		st.Counts.Pending += int32(len(i.Pending))
		if len(st.Instances) < maxEntries {
			st.Instances = append(st.Instances, instanceStatus(i))
		}
		for _, p := range i.Pending {
			if len(st.Pending) < maxEntries {
				needs := p.Needs
				if needs == "" {
					needs = strings.Join(p.WaitsFor, ", ")
				}
				st.Pending = append(st.Pending, v1alpha1.PendingNode{Instance: title(i), Node: p.Node.ID, Needs: cut(needs, maxEvent), Never: p.Unsatisfiable})
			}
		}
	}
}

func instanceStatus(i *render.Instance) v1alpha1.InstanceStatus {
	id := i.Identity()
	return v1alpha1.InstanceStatus{
		APIVersion: id.APIVersion, Kind: id.Kind, Namespace: id.Namespace, Name: id.Name, Definition: i.Graph.RGD.Name,
		Objects: int32(len(i.Objects)), Skipped: int32(len(i.Skipped)), Pending: int32(len(i.Pending)),
	}
}

func title(i *render.Instance) string {
	id := i.Identity()
	return strings.TrimSuffix(id.Kind+"/"+id.Namespace, "/") + "/" + id.Name
}

// report says in the status what was made, and in conditions what is open.
func (s *reconcileScope) report(out *outcome) {
	st := &s.obj.Status
	st.Counts, st.Instances, st.Pending, st.InputDigest = out.status.Counts, out.status.Instances, out.status.Pending, out.input
	st.Sources = nil
	for _, r := range s.sources {
		st.Sources = append(st.Sources, r.Observed())
	}
	s.made.Store(s.key(), out.rest())

	s.mark(v1alpha1.PendingCondition, v1alpha1.WaitingForValuesReason, waitingText(out))
	if s.mark(v1alpha1.ForbiddenCondition, v1alpha1.ForbiddenReason, forbiddenText(out)) {
		s.warn(v1alpha1.ForbiddenReason, "%s", forbiddenText(out))
	}
	if s.mark(v1alpha1.DegradedCondition, v1alpha1.WarningsReason, strings.Join(out.notCarried, "\n")) {
		s.warn(v1alpha1.WarningsReason, "%s", strings.Join(out.notCarried, "\n"))
	}
	if gate := s.gateMissing(); gate != "" {
		s.unready(v1alpha1.GateMissingReason, "%s", gate)
		return
	}
	s.ready(v1alpha1.PublishedReason, "%s", summary(st))
}

// rest is what later reconciles need of an outcome.
func (out *outcome) rest() *outcome {
	kept := *out
	if out.done {
		kept.wanted = nil
		plan := *out.next
		plan.Waves = slices.Clone(plan.Waves)
		for i := range plan.Waves {
			plan.Waves[i].Entries = nil // their bytes are on disk
		}
		kept.next = &plan
	}
	kept.rendered = false
	return &kept
}

func summary(st *v1alpha1.RenderedSourceStatus) string {
	text := fmt.Sprintf("published %d objects of %d instances as %s", st.Counts.Objects, st.Counts.Instances, st.Artifact.Revision)
	if st.Counts.Pending > 0 {
		text += fmt.Sprintf("; %d nodes wait for values", st.Counts.Pending)
	}
	return text
}

func waitingText(out *outcome) string {
	var words []string
	for _, p := range out.status.Pending {
		text := fmt.Sprintf("%s: node %s waits for %s", p.Instance, p.Node, p.Needs)
		if p.Never {
			text += " (which cannot appear)"
		}
		words = append(words, text)
	}
	if len(out.seen.Unserved) > 0 {
		for _, kind := range out.seen.Unserved {
			words = append(words, "the cluster does not serve "+kind.GroupVersion().String()+" "+kind.Kind)
		}
	}
	return list(words, 10)
}

func forbiddenText(out *outcome) string {
	var words []string
	for _, f := range out.seen.Forbidden {
		words = append(words, f.String())
	}
	return strings.Join(words, "\n")
}
