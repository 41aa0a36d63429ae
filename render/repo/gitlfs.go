package repo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
)

// lfsPointer is the text that stands for a file in Git LFS
// (git-lfs/docs/spec.md). Lines between version and oid are extensions.
var lfsPointer = regexp.MustCompile(`\Aversion https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize [0-9]+\n?\z`)

// isPointer reports whether a text stands for a file in Git LFS.
func isPointer(data []byte) bool {
	return len(data) <= 1024 && bytes.HasPrefix(data, []byte("version https://git-lfs")) && lfsPointer.Match(data)
}

// smudged returns the content that a blob stands for: itself, or for a pointer
// the file that git lfs fetched into the clone.
func (r *Repository) smudged(data []byte) ([]byte, error) {
	if !isPointer(data) {
		return data, nil
	}
	oid := string(lfsPointer.FindSubmatch(data)[1])
	content, err := os.ReadFile(filepath.Join(r.common, "lfs", "objects", oid[:2], oid[2:4], oid))
	if err != nil {
		return nil, &pointer{}
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != oid {
		return nil, &pointer{}
	}
	return content, nil
}
