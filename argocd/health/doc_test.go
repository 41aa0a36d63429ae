package health

import (
	"os"
	"strings"
	"testing"
)

// TestDocumentedExpressions holds the tables of docs/argocd-health.md to what
// the translator makes of their examples.
func TestDocumentedExpressions(t *testing.T) {
	raw, err := os.ReadFile("../../docs/argocd-health.md")
	if err != nil {
		t.Fatal(err)
	}
	carriedRows, refusedRows := 0, 0
	lua := false
	var total tally
	for _, line := range strings.Split(string(raw), "\n") {
		cells := tableRow(line)
		switch {
		case cells == nil || strings.HasPrefix(cells[0], "---"):
			continue
		case cells[1] == "CEL":
			lua = cells[2] == "Lua"
			continue
		}
		source := strings.Trim(cells[1], "`")
		got, err := translate(source, "db", open())
		if !lua {
			refusedRows++
			if err == nil || err.Error() != cells[2] {
				t.Errorf("%s: %s %v\nwant not carried over: %s", source, got, err, cells[2])
			}
			continue
		}
		carriedRows++
		if want := strings.Trim(cells[2], "`"); err != nil || want != got && want != "a loop" {
			t.Errorf("%s: %s %v\nwant %s", source, got, err, want)
			continue
		}
		p, err := pairOf(t, source, "db", open())
		if err != nil {
			t.Fatal(err)
		}
		total.run(t, "documentation", p, 60)
	}
	if carriedRows < 15 || refusedRows < 10 || total.ready == 0 {
		t.Errorf("%d expressions that are carried over, %d that are not, %d ready: the tables are not read", carriedRows, refusedRows, total.ready)
	}
}

// tableRow splits a row of three cells; \| is a bar in a cell.
func tableRow(line string) []string {
	line, ok := strings.CutPrefix(line, "|")
	if !ok {
		return nil
	}
	cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
	if len(cells) != 4 {
		return nil
	}
	for i, c := range cells {
		cells[i] = strings.TrimSpace(strings.ReplaceAll(c, "\x00", "|"))
	}
	return cells
}
