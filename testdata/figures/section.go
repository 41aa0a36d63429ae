package figures

import (
	"bytes"
	"fmt"
	"os"
)

// WriteSection replaces the section of a Markdown file that stands between the comments <!-- NAME --> and
// <!-- /NAME -->. What is outside of them belongs to people, and to the writers of other sections.
func WriteSection(file, name, text string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	page, err = section(page, name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, page, 0o600)
}

func section(page []byte, name, text string) ([]byte, error) {
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
	if bytes.Count(page, []byte(begin)) != 1 || bytes.Count(page, []byte(end)) != 1 {
		return nil, fmt.Errorf("the page must have the lines %q and %q once", begin, end)
	}
	before, rest, _ := bytes.Cut(page, []byte(begin))
	_, after, ok := bytes.Cut(rest, []byte(end))
	if !ok {
		return nil, fmt.Errorf("%q stands before %q", end, begin)
	}
	return bytes.Join([][]byte{before, []byte(begin), []byte(text), []byte(end), after}, nil), nil
}
