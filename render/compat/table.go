package compat

// Table lists what differs between versions, in the order of the numbers.
// docs/kro-versions.md is made from it.
func Table() []Difference {
	return append(shown(), unseen()...)
}

// shown are the differences that a render shows.
func shown() []Difference {
	const reported = "reported as a regression of the new engine (kro issue 1406), with a fix proposed; whether the release has the fix is not known"
	return []Difference{
		{
			Number: "U2", Effect: Verdict, Since: V0_10,
			Old:    "a `${` that is never closed is text",
			New:    "a `${` that is never closed is an error in templates, schema.status and selectors: the RGD turns Inactive",
			Remedy: "close the expression, or write `${\"${\"}` for a `${` that is text",
			field:  func(b *Behaviors) *bool { return &b.UnclosedIsError },
		},
		{
			Number: "U3", Effect: Output, Since: V0_10,
			Old: "only double quotes delimit strings while the end of an expression is looked for",
			New: "single quotes do, too: a brace or quote in a single-quoted string ends nothing, `${` right after either quote is text, " +
				"and an unmatched apostrophe swallows the closing brace",
			Remedy: "write strings in expressions with double quotes, and a quote inside of one as `\\\"` or `\\u0027`",
			field:  func(b *Behaviors) *bool { return &b.KnowsSingleQuotes },
		},
		{
			Number: "U5", Effect: Verdict, Since: V0_10,
			Old:    "graphengine may be an id or iterator",
			New:    "graphengine is a reserved word",
			Remedy: "rename the resource or iterator",
			field:  func(b *Behaviors) *bool { return &b.ReservesGraphEngine },
		},
		{
			Number: "U6", Effect: Output, Since: V0_10,
			Old:    "a field that is one optional without a value is null",
			New:    "with the feature gate CELOmitFunction, the field is left out; without the gate it is null",
			Remedy: "write `.orValue(null)` for null, or `.hasValue() ? ... : omit()` to leave the field out",
			field:  func(b *Behaviors) *bool { return &b.OmitsEmptyOptionals },
		},
		{
			Number: "U7", Effect: Verdict, Since: V0_10,
			Old:    "a condition that is an optional without a value is false",
			New:    "a condition that is an optional without a value fails the instance",
			Remedy: "write `.orValue(false)`",
			Doubt:  reported,
			field:  func(b *Behaviors) *bool { return &b.RefusesEmptyCondition },
		},
		{
			Number: "U7", Effect: Verdict, Since: V0_10,
			Old:    "a flag of kro sets how many dimensions a forEach may have",
			New:    "a forEach has at most 10 dimensions, whatever the flag says",
			Remedy: "use at most 10 iterators",
			Doubt:  reported,
			field:  func(b *Behaviors) *bool { return &b.FixesDimensions },
		},
		{
			Number: "U7", Effect: Verdict, Since: V0_10,
			Old:    "times in schema, such as schema.metadata.creationTimestamp, are timestamps when an expression reads them",
			New:    "they are checked as timestamps and are strings when they are read, so that their methods fail",
			Remedy: "write `timestamp(string(dyn(...)))` around the time",
			Doubt:  reported,
			field:  func(b *Behaviors) *bool { return &b.PlainSchemaFormats },
		},
		{
			Number: "U26", Effect: Verdict, Since: V0_10,
			Old:    "with the feature gate CELOmitFunction, omit() on metadata.namespace gives the namespace of the instance",
			New:    "omit() on metadata.namespace of a namespaced kind fails every instance",
			Remedy: "write schema.metadata.namespace in place of omit()",
			field:  func(b *Behaviors) *bool { return &b.NeedsNamespaceValue },
		},
		{
			Number: "U17", Effect: Updates, Since: V0_10,
			Old:    "an enum that is added does not count as a breaking change of a CRD",
			New:    "it does, as does a schema that is nullable or keeps unknown fields no more: krowave diff says so",
			Remedy: "set the annotation kro.run/allow-breaking-changes on the RGD for the change",
			field:  func(b *Behaviors) *bool { return &b.ComparesMoreOfCRDs },
		},
	}
}

// unseen are the differences that change nothing in what is rendered or refused
// here.
func unseen() []Difference {
	return []Difference{
		{Number: "U1", Effect: Nothing, Since: V0_10, Old: "instances are run by a runtime of their own", New: "an RGD is translated to a graph, with the instance as its def schema"},
		{Number: "U8", Effect: Nothing, Since: V0_10, Old: "no annotation has the id", New: "kro gives children the annotation internal.kro.run/node-path"},
		{
			Number: "U9", Effect: Nothing, Since: V0_10, Old: "an id or instance name of more than 63 characters makes labels that the API server refuses",
			New: "kro shortens such labels to h- and a hash",
		},
		{Number: "U10", Effect: Nothing, Since: V0_10, Old: "apply-order counts every node", New: "apply-order starts at 1 and leaves out what creates nothing"},
		{
			Number: "U11", Effect: Nothing, Since: V0_10, Old: "the namespace of the instance is filled in while rendering",
			New: "it is filled in when an object is applied, after the check for duplicates in a collection; the objects are the same",
		},
		{Number: "U13", Effect: Nothing, Since: V0_10, Old: "two resources for one object are found before anything is applied", New: "they are found afterwards, and fail the instance as well"},
		{Number: "U14", Effect: Nothing, Since: V0_10, Old: "kro's controller writes the status of an instance in one update", New: "the author's fields are applied to it under a manager of their own"},
		{Number: "U15", Effect: Nothing, Since: V0_10, Old: "status.conditions of RGDs may repeat a type", New: "they may not"},
		{Number: "U16", Effect: Nothing, Since: V0_10, Old: "the gates are CELOmitFunction, InstanceConditionEvents, InstanceConditionMetrics", New: "GraphKind and ConservativeCRDComparison are there, too; both are off by default"},
		{Number: "U18", Effect: Nothing, Since: V0_10, Old: "", New: "the controller has flags for concurrency and a CEL cost limit"},
		{Number: "U21", Effect: Nothing, Since: V0_9, Old: "", New: "selectors are label selectors without a schema of the kind (v0.9.4 already)"},
		{
			Number: "U27", Effect: Nothing, Since: V0_10, Old: "a status field that reads a collection which is not there yet is left out",
			New: "it may be computed from an empty list",
		},
	}
}
