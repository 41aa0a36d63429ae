package cache

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLRUForgetsWhatWasUsedLongestAgo(t *testing.T) {
	c := New[int](10)
	c.Put("a", 1, 4)
	c.Put("b", 2, 4)
	c.Get("a")
	c.Put("c", 3, 4)
	c.Put("huge", 4, 11)
	var got []string
	for _, key := range []string{"a", "b", "c", "huge"} {
		if _, ok := c.Get(key); ok {
			got = append(got, key)
		}
	}
	if diff := cmp.Diff([]string{"a", "c"}, got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if n := c.Bytes(); n != 8 {
		t.Errorf("%d bytes, want 8", n)
	}
}

// TestRounds replaces a value in each round, beside one that stays in use.
func TestRounds(t *testing.T) {
	c := New[int](1000)
	for i := range 20 {
		for _, key := range []string{"stays", fmt.Sprint(i)} {
			if _, ok := c.Get(key); !ok {
				c.Put(key, i, 1)
			}
		}
		c.Round()
		if n, want := c.Len(), min(i+2, 3); n != want {
			t.Errorf("after round %d, %d values are held, want %d", i, n, want)
		}
	}
	if v, _ := c.Get("stays"); v != 0 {
		t.Errorf("what is used in each round was made again in round %d", v)
	}
	for key, want := range map[string]bool{"17": false, "18": true, "19": true} {
		if _, ok := c.Get(key); ok != want {
			t.Errorf("round %s is held: %t, want %t", key, ok, want)
		}
	}
}

func TestLRUKeepsTheFirstValue(t *testing.T) {
	c := New[string](10)
	c.Put("key", "first", 1)
	c.Put("key", "second", 1)
	if v, _ := c.Get("key"); v != "first" {
		t.Errorf("got %q", v)
	}
}

func TestNilLRUHoldsNothing(t *testing.T) {
	var c *LRU[int]
	c.Put("key", 1, 1)
	if _, ok := c.Get("key"); ok {
		t.Error("a nil LRU holds a value")
	}
}

func TestDigestTellsPartsApart(t *testing.T) {
	seen := map[string]int{}
	for i, parts := range [][]any{{"ab", "c"}, {"a", "bc"}, {"abc"}, {[]byte("ab"), "d"}, {1, true}, {11, true}} {
		key := Digest(parts...)
		if other, ok := seen[key]; ok {
			t.Errorf("parts %d and %d have one digest", other, i)
		}
		seen[key] = i
	}
	if Digest("a", []byte("b")) != Digest([]byte("a"), "b") {
		t.Error("a text and its bytes have different digests")
	}
}
