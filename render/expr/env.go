package expr

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
	k8s "k8s.io/apiserver/pkg/cel/library"
)

// baseEnv builds the environment that those of RGDs extend, once per process.
var baseEnv = sync.OnceValues(func() (*cel.Env, error) { return newBase(cel.Lib(runtimeLibrary{})) })

// graphEnv is that of objects of kind Graph, which have no variable runtime (G41).
var graphEnv = sync.OnceValues(func() (*cel.Env, error) { return newBase() })

func newBase(more ...cel.EnvOption) (*cel.Env, error) {
	env, err := cel.NewEnv(append([]cel.EnvOption{
		ext.TwoVarComprehensions(),
		ext.Lists(),
		ext.Strings(),
		ext.Bindings(),
		cel.OptionalTypes(),
		ext.Encoders(),
		k8s.Lists(),
		k8s.URLs(),
		k8s.Regex(),
		k8s.Quantity(),
		k8s.IP(),
		k8s.CIDR(),
		k8s.SemverLib(), // without options this is version 0, as in kro
		cel.Lib(randomLibrary{}),
		cel.Lib(mapsLibrary{}),
		cel.Lib(jsonLibrary{}),
		cel.Lib(hashLibrary{}),
		cel.Lib(listsLibrary{}),
		cel.Lib(omitLibrary{}),
	}, more...)...)
	if err != nil {
		return nil, fmt.Errorf("build the CEL environment: %w", err)
	}
	return env, nil
}

// Base returns the environment of S4.1 without any variable but runtime. It is
// built at the first call and shared.
func Base() (*cel.Env, error) { return baseEnv() }

// Typed extends Base with variables and the provider of their struct types. A
// nil provider keeps the built-in types only, for variables without a schema.
func Typed(provider types.Provider, vars map[string]*cel.Type) (*cel.Env, error) {
	return typed(baseEnv, provider, vars)
}

// TypedGraph is Typed for an object of kind Graph.
func TypedGraph(provider types.Provider, vars map[string]*cel.Type) (*cel.Env, error) {
	return typed(graphEnv, provider, vars)
}

func typed(from func() (*cel.Env, error), provider types.Provider, vars map[string]*cel.Type) (*cel.Env, error) {
	base, err := from()
	if err != nil {
		return nil, err
	}
	if provider == nil {
		provider = base.CELTypeProvider()
	}
	opts := make([]cel.EnvOption, 0, len(vars)+1)
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		opts = append(opts, cel.Variable(name, vars[name]))
	}
	opts = append(opts, cel.CustomTypeProvider(conditionProvider{provider}))
	env, err := base.Extend(opts...)
	if err != nil {
		return nil, fmt.Errorf("extend the CEL environment: %w", err)
	}
	return env, nil
}
