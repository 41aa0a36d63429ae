package compat

// Behaviors are the answers of one version. Fields are false in v0.9.4.
type Behaviors struct {
	UnclosedIsError       bool // U2
	KnowsSingleQuotes     bool // U3
	ReservesGraphEngine   bool // U5
	OmitsEmptyOptionals   bool // U6
	RefusesEmptyCondition bool // U7
	FixesDimensions       bool // U7
	PlainSchemaFormats    bool // U7
	NeedsNamespaceValue   bool // U26
	ComparesMoreOfCRDs    bool // U17
}

// Effect says what of a render a difference can change.
type Effect string

// Effects.
const (
	Verdict Effect = "verdict"     // whether kro takes an RGD or an instance
	Output  Effect = "output"      // what is rendered
	Updates Effect = "CRD updates" // which changes of an RGD kro makes in its CRD
	Nothing Effect = "nothing"     // bookkeeping and statuses, which only kro writes
)

// Difference is one row of the table: what is not the same in two versions.
type Difference struct {
	Number string // in the research on kro: U2
	Effect Effect
	Since  Version
	Old    string // what versions before Since do
	New    string // what Since does
	Remedy string // what to write so that both do the same; empty where there is nothing to do
	Doubt  string // what is not known of it

	field func(*Behaviors) *bool // nil for differences that a render does not show
}

// Of returns the behaviors of a version.
func Of(v Version) Behaviors {
	var out Behaviors
	for _, d := range Table() {
		if d.field != nil {
			*d.field(&out) = v.atLeast(d.Since)
		}
	}
	return out
}

// Shown reports whether a render shows the difference.
func (d Difference) Shown() bool { return d.field != nil }

func (v Version) atLeast(other Version) bool {
	place := func(v Version) int {
		for i, known := range Versions() {
			if known == v {
				return i
			}
		}
		return 0
	}
	return place(v) >= place(other)
}
