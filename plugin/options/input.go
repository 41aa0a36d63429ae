package options

import "github.com/spf13/pflag"

// Input says what is read beside the arguments.
type Input struct {
	Definitions, CRDs, Observed []string
	Root                        string
	Ref                         string // only where --ref is a flag
	Files, TotalBytes           int64
	Fetch                       Fetch
}

// Bind adds the flags.
func (f *Input) Bind(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&f.Definitions, "definitions", "d", nil, "file or directory with RGDs to look up; repeatable")
	flags.StringArrayVar(&f.CRDs, "crds", nil, "file or directory with CRDs to look up; repeatable")
	flags.StringArrayVar(&f.Observed, "observed", nil, "file or directory with objects of a cluster, which external references find; repeatable")
	flags.StringVar(&f.Root, "root", "", "directory that no path may lead out of (default the Git repository)")
	f.Files, f.TotalBytes = 50_000, 512<<20
	flags.Var(NewCount(&f.Files), "max-files", "files that may be read")
	flags.Var(NewCount(&f.TotalBytes), "max-total-bytes", "bytes that all files together may have")
	f.Fetch.Bind(flags)
}

// BindRef adds --ref, for commands that read one revision.
func (f *Input) BindRef(flags *pflag.FlagSet) {
	flags.StringVar(&f.Ref, "ref", "", "read the files of this Git revision instead of the work tree")
}

// Fetch says where definitions of other repositories come from.
type Fetch struct {
	Offline  bool
	CacheDir string
}

// Bind adds the flags.
func (f *Fetch) Bind(flags *pflag.FlagSet) {
	flags.BoolVar(&f.Offline, "offline", false, "fetch no definitions that krowave.yaml names in other places; those in the cache are read")
	flags.StringVar(&f.CacheDir, "cache-dir", "", "directory that keeps fetched definitions (default $XDG_CACHE_HOME/krowave)")
}
