package manifest

import (
	"os"
	"path/filepath"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"instance", "rgd"} {
		data, err := os.ReadFile(filepath.Join("../../testdata/bench", name+".yaml"))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if docs, found := Read(name, data, Limits{}); len(docs) == 0 || len(found) > 0 {
					b.Fatal(found)
				}
			}
		})
	}
}
