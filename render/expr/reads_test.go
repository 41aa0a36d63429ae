package expr_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/krowave/krowave/render/expr"
)

func TestReads(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{`db.status.endpoint`, `db.status.endpoint/3`},
		{`db.status["endpoint"]`, `db.status.endpoint/3`},
		{`db.status.hosts[0].name`, `db.status.hosts[].name/5`},
		{`db.status.?endpoint.orValue(schema.spec.host)`, `db.status.endpoint/2 schema.spec.host/3`},
		{`db.?status.endpoint.hasValue()`, `db.status.endpoint/1?`},
		{`has(db.status.endpoint) ? db.status.endpoint : "none"`, `db.status.endpoint/2? db.status.endpoint/3`},
		{`pods.map(p, p.status.podIP)`, `pods/1# pods[].status.podIP/4`},
		{`pods.filter(p, p.status.ready).map(p, p.metadata.name)`, `pods/1# pods[].status.ready/4 pods[]/2# pods[].metadata.name/4`},
		{`pods.filter(p, p.spec.a)[0].status.ip`, `pods/1# pods[].spec.a/4 pods[].status.ip/4`},
		{`pods.map(p, {"ip": p.status.ip})[0].ip`, `pods/1# pods[].status.ip/4`},
		{`pods.exists(p, p.status.ready)`, `pods/1# pods[].status.ready/4`},
		{`size(pods)`, `pods/1#`},
		{`size(db.status.?ip.orValue(""))`, `db.status.ip/2#`},
		{`has(db.metadata.uid)`, `db.metadata.uid/2?`},
		{`db.?status.or(cache.?status).hasValue()`, `db.status/1? cache.status/1?`},
		{`pods.all(p, has(p.metadata.uid))`, `pods/1# pods[].metadata.uid/3?`},
		{`[has(db.status.ip) ? "a" : db.status.host]`, `db.status.ip/2? db.status.host/3`},
		{`json.marshal(db)`, `db/1`},
		{`cel.bind(s, db.status, s.a + s.b)`, `db.status.a/3 db.status.b/3`},
		{`db.status.?ip.optMap(v, v.host).orValue("")`, `db.status.ip/2? db.status.ip.host/2`},
		{`db.spec.tags.transformMap(k, v, v.name).x`, `db.spec.tags/3# db.spec.tags[].name/5`},
		{`(schema.spec.big ? db : cache).status.host`, `schema.spec.big/3 db.status.host/3 cache.status.host/3`},
		{`[1, 2].map(db, db + 1)`, ``},
		{`schema.spec.names.map(n, n + db.metadata.name)`, `schema.spec.names/3# schema.spec.names[]/4 db.metadata.name/3`},
		{`"a" in db.metadata.labels`, `db.metadata.labels/3`},
		{`db.data[schema.spec.key].x`, `db.data[].x/4 schema.spec.key/3`},
	} {
		parsed, errs := expr.ParseAST(tt.source)
		if errs != nil {
			t.Errorf("%s: %v", tt.source, errs[0])
			continue
		}
		var got []string
		for _, r := range expr.Reads(parsed, []string{"schema", "db", "cache", "pods"}) {
			shape := ""
			switch {
			case r.Presence && r.Shape:
				shape = "?"
			case r.Shape || r.Presence:
				shape = "#"
			}
			got = append(got, fmt.Sprintf("%s/%d%s", r, r.Required, shape))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("reads of %s (-want +got):\n%s", tt.source, diff)
		}
	}
}

// Loops over loops that hand each other on double the paths at every step; the
// work is bounded.
func TestReadsOfNestedLoopsAreBounded(t *testing.T) {
	source := "pods"
	for range 40 {
		source = "(" + source + ").map(p, p.a + p.b)"
	}
	parsed, errs := expr.ParseAST(source)
	if errs != nil {
		t.Fatal(errs[0])
	}
	if got := expr.Reads(parsed, []string{"pods"}); len(got) == 0 {
		t.Error("no reads")
	}
}
