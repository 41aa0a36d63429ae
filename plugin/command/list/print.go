package list

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/client-go/util/jsonpath"
	sigsjson "sigs.k8s.io/json"

	"github.com/krowave/krowave/plugin/cli"
	"github.com/krowave/krowave/plugin/output"
	"github.com/krowave/krowave/render/diag"
	"github.com/krowave/krowave/render/manifest"
	"github.com/krowave/krowave/render/settings"
)

// format is the value of -o: a word, or a word with a template.
type format struct{ word, template string }

func templated() []string {
	return []string{"jsonpath", "jsonpath-as-json", "go-template", "custom-columns"}
}

func (f *format) String() string {
	if f.template != "" {
		return f.word + "=" + f.template
	}
	return f.word
}

func (f *format) Type() string { return "name|wide|json|yaml|jsonpath=...|custom-columns=..." }

// Set checks templates, so that a mistake in one is one of usage.
func (f *format) Set(text string) (err error) {
	f.word, f.template, _ = strings.Cut(text, "=")
	if !slices.Contains(templated(), f.word) {
		f.word, f.template = text, ""
		return settings.OneOf(text, append([]string{"name", "wide", "json", "yaml"}, templated()...))
	}
	switch f.word {
	case "go-template":
		_, err = printers.NewGoTemplatePrinter([]byte(f.template))
	case "custom-columns":
		_, err = f.columns()
	default:
		_, err = path(f.template)
	}
	if err == nil && f.template == "" {
		err = fmt.Errorf("%s needs a template, as in -o %s=TEMPLATE", f.word, f.word)
	}
	return err
}

// path parses a JSONPath. Fields that are not there are no error.
func path(text string) (*jsonpath.JSONPath, error) {
	j := jsonpath.New("path").AllowMissingKeys(true)
	return j, j.Parse(text)
}

// relaxed is a JSONPath as kubectl takes it for a field: the braces and the first
// dot may be missing.
func relaxed(text string) (*jsonpath.JSONPath, error) {
	inner := strings.TrimPrefix(strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}"), ".")
	if inner == "" {
		return nil, fmt.Errorf("a path such as .metadata.name is missing")
	}
	if !strings.HasPrefix(inner, "[") {
		inner = "." + inner
	}
	return path("{" + inner + "}")
}

// custom is a column of -o custom-columns.
type custom struct {
	header string
	path   *jsonpath.JSONPath
}

func (f *format) columns() ([]custom, error) {
	var out []custom
	for _, part := range strings.Split(f.template, ",") {
		header, text, ok := strings.Cut(part, ":")
		if !ok || header == "" {
			return nil, fmt.Errorf("custom-columns has %q; write HEADER:PATH, such as NAME:.metadata.name", part)
		}
		j, err := relaxed(text)
		if err != nil {
			return nil, fmt.Errorf("custom-columns: %s: %w", header, err)
		}
		out = append(out, custom{header, j})
	}
	return out, nil
}

// values are what a path leads to in an item, as texts.
func values(j *jsonpath.JSONPath, item any) ([]string, error) {
	found, err := j.FindResults(item)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, list := range found {
		for _, v := range list {
			var text bytes.Buffer
			if err := j.PrintResults(&text, append(list[:0:0], v)); err != nil {
				return nil, err
			}
			out = append(out, text.String())
		}
	}
	return out, nil
}

// printer writes a listing in the format of the flags.
type printer struct {
	flags     *flags
	projects  bool   // there are several
	namespace string // that is listed alone, so nobody needs to be told
}

func (p printer) print(s cli.Streams, l listing) error {
	f := p.flags.output
	switch f.word {
	case "", "wide":
		if len(l.rows) == 0 {
			text := "No resources found"
			if p.namespace != "" {
				text += " in " + diag.Name(p.namespace) + " namespace."
			}
			_, err := fmt.Fprintln(s.Err, text)
			return err
		}
		return p.table(s.Out, l)
	case "json":
		return l.kind.Write(s.Out, listOf[any]{l.items()})
	}
	document, err := l.document()
	if err != nil {
		return err
	}
	items, _ := document["items"].([]any)
	switch f.word {
	case "yaml":
		return manifest.EncodeYAML(s.Out, []map[string]any{document})
	case "name":
		return names(s.Out, l, items)
	case "custom-columns":
		return p.custom(s.Out, items)
	}
	return f.fill(s.Out, document)
}

func (l listing) items() []any {
	items := make([]any, len(l.rows))
	for i, r := range l.rows {
		items[i] = r.item
	}
	return items
}

// document is the JSON document as maps.
func (l listing) document() (map[string]any, error) {
	var text bytes.Buffer
	if err := l.kind.Write(&text, listOf[any]{l.items()}); err != nil {
		return nil, err
	}
	var out map[string]any
	if err := sigsjson.UnmarshalCaseSensitivePreserveInts(text.Bytes(), &out); err != nil {
		return nil, fmt.Errorf("reading a %s: %w", l.kind.Name, err)
	}
	return out, nil
}

// fill writes what a template makes of the document.
func (f *format) fill(w io.Writer, document map[string]any) error {
	var text bytes.Buffer
	if f.word == "go-template" {
		t, err := printers.NewGoTemplatePrinter([]byte(f.template))
		if err != nil {
			return err
		}
		t.AllowMissingKeys(true)
		if err := t.PrintObj(&unstructured.Unstructured{Object: document}, &text); err != nil {
			first, _, _ := strings.Cut(err.Error(), "\n")
			return cli.Usagef("-o go-template: %s", strings.TrimPrefix(first, "error executing template "))
		}
	} else {
		j, err := path(f.template)
		if err != nil {
			return err
		}
		j.EnableJSONOutput(f.word == "jsonpath-as-json")
		if err := j.Execute(&text, document); err != nil {
			return cli.Usagef("-o %s: %w", f.word, err)
		}
	}
	_, err := io.WriteString(w, visible(text.String()))
	return err
}

// visible writes out what a terminal would act on.
func visible(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = diag.Visible(lines[i])
	}
	return strings.Join(lines, "\n")
}

// names prints what -o name does of objects, and of images their names.
func names(w io.Writer, l listing, items []any) error {
	var objects []map[string]any
	for i, item := range items {
		obj, _ := item.(map[string]any)
		if obj["kind"] == nil {
			if _, err := fmt.Fprintln(w, diag.Visible(l.rows[i].name)); err != nil {
				return err
			}
			continue
		}
		objects = append(objects, obj)
	}
	return output.Objects(w, "name", objects)
}

// none stands for an empty cell, as in kubectl.
const none = "<none>"

func cell(text string) string {
	if text == "" {
		return none
	}
	return strings.ReplaceAll(diag.Visible(text), "\t", " ")
}

func (p printer) table(w io.Writer, l listing) error {
	wide := p.flags.output.word == "wide"
	t := &metav1.Table{}
	add := func(name string) {
		t.ColumnDefinitions = append(t.ColumnDefinitions, metav1.TableColumnDefinition{Name: name})
	}
	projects := p.projects && !l.mixed
	if projects {
		add("PROJECT")
	}
	hidden := func(c column) bool {
		return c.shown == onlyWide && !wide || c.shown == onlyNarrow && wide || c.name == "NAMESPACE" && p.namespace != ""
	}
	for _, c := range l.columns {
		if !hidden(c) {
			add(c.name)
		}
	}
	if p.flags.showLabels {
		add("LABELS")
	}
	for _, r := range l.rows {
		var out metav1.TableRow
		if projects {
			project := r.project
			if project == "" {
				project = "."
			}
			out.Cells = append(out.Cells, cell(project))
		}
		for i, c := range l.columns {
			if !hidden(c) {
				out.Cells = append(out.Cells, cell(r.cells[i]))
			}
		}
		if p.flags.showLabels {
			out.Cells = append(out.Cells, cell(labels.FormatLabels(r.labels)))
		}
		t.Rows = append(t.Rows, out)
	}
	return p.write(w, t)
}

func (p printer) custom(w io.Writer, items []any) error {
	columns, err := p.flags.output.columns()
	if err != nil {
		return err
	}
	t := &metav1.Table{}
	for _, c := range columns {
		t.ColumnDefinitions = append(t.ColumnDefinitions, metav1.TableColumnDefinition{Name: c.header})
	}
	for _, item := range items {
		var out metav1.TableRow
		for _, c := range columns {
			texts, err := values(c.path, item)
			if err != nil {
				return cli.Usagef("-o custom-columns: %s: %w", c.header, err)
			}
			out.Cells = append(out.Cells, cell(strings.Join(texts, ",")))
		}
		t.Rows = append(t.Rows, out)
	}
	return p.write(w, t)
}

// write prints a table without spaces at the ends of lines.
func (p printer) write(w io.Writer, t *metav1.Table) error {
	var text bytes.Buffer
	if err := printers.NewTablePrinter(printers.PrintOptions{NoHeaders: p.flags.noHeaders}).PrintObj(t, &text); err != nil {
		return err
	}
	var out strings.Builder
	for line := range strings.Lines(text.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// order is that of --sort-by.
type order struct {
	text string
	path *jsonpath.JSONPath // nil leaves the order as it is
}

func newOrder(text string) (order, error) {
	if text == "" {
		return order{}, nil
	}
	j, err := relaxed(text)
	if err != nil {
		return order{}, cli.Usagef("--sort-by: %w", err)
	}
	return order{text, j}, nil
}

// sort orders the rows of a listing. What lacks the field comes first.
func (o order) sort(l listing) error {
	if o.path == nil || len(l.rows) == 0 {
		return nil
	}
	document, err := l.document()
	if err != nil {
		return err
	}
	type keyed struct {
		row
		key string
	}
	items, _ := document["items"].([]any)
	all, found := make([]keyed, len(items)), false
	for i, item := range items {
		texts, err := values(o.path, item)
		if err != nil {
			return cli.Usagef("--sort-by: %w", err)
		}
		all[i], found = keyed{l.rows[i], strings.Join(texts, ",")}, found || len(texts) > 0
	}
	if !found {
		return cli.Usagef("--sort-by: nothing that is listed has the field %s", o.text)
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return compareValues(a.key, b.key) })
	for i := range all {
		l.rows[i] = all[i].row
	}
	return nil
}

// compareValues compares numbers and quantities as such, everything else as text.
func compareValues(a, b string) int {
	const longest = 64 // of a quantity that anybody means
	if len(a) <= longest && len(b) <= longest {
		x, errA := resource.ParseQuantity(a)
		y, errB := resource.ParseQuantity(b)
		if errA == nil && errB == nil {
			return x.Cmp(y)
		}
	}
	return strings.Compare(a, b)
}
