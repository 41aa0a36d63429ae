// Command fleet writes a repository of 200 RGDs and 10,000 instances, about 100,000
// objects, to the directory that its argument names.
package main

import (
	"fmt"
	"os"

	"github.com/krowave/krowave/plugin/internal/fleet"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fleet DIRECTORY")
		os.Exit(2)
	}
	if err := fleet.Write(os.Args[1], fleet.Files(200, 10_000)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
