package expr

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// randomLibrary holds kro's seeded random functions (S4.6). They are pure: the
// seed alone decides.
type randomLibrary struct{}

func (randomLibrary) LibraryName() string                 { return "random" }
func (randomLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (randomLibrary) CompileOptions() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("random.seededString",
			cel.Overload("random.seededString_int_string",
				[]*cel.Type{cel.IntType, cel.StringType}, cel.StringType,
				cel.BinaryBinding(seededString))),
		cel.Function("random.seededInt",
			cel.Overload("random.seededInt_int_int_string",
				[]*cel.Type{cel.IntType, cel.IntType, cel.StringType}, cel.IntType,
				cel.FunctionBinding(seededInt))),
	}
}

// seededString spells the SHA-256 of the seed in base 36, four bytes to a
// character. The digest has eight such groups, so the string repeats after
// eight characters, which kro's users rely on by now.
func seededString(length, seed ref.Val) ref.Val {
	const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
	n, ok := length.(types.Int)
	if !ok {
		return types.NewErr("random.seededString: length must be an integer")
	}
	s, ok := seed.(types.String)
	if !ok {
		return types.NewErr("random.seededString: seed must be a string")
	}
	if n <= 0 {
		return types.NewErr("random.seededString: length must be positive")
	}
	if n > maxSize {
		return types.WrapErr(tooLarge("a string of %d characters", int64(n)))
	}
	digest := sha256.Sum256([]byte(s))
	out := make([]byte, n)
	for i := range out {
		group := binary.BigEndian.Uint32(digest[i*4%len(digest):])
		out[i] = alphabet[group%uint32(len(alphabet))]
	}
	return types.String(out)
}

// seededInt picks a number in [lowest, limit).
func seededInt(args ...ref.Val) ref.Val {
	if len(args) != 3 {
		return types.NewErr("random.seededInt: want three arguments")
	}
	lowest, ok1 := args[0].(types.Int)
	limit, ok2 := args[1].(types.Int)
	seed, ok3 := args[2].(types.String)
	if !ok1 || !ok2 || !ok3 {
		return types.NewErr("random.seededInt: want two integers and a string")
	}
	if lowest >= limit {
		return types.NewErr("random.seededInt: min must be less than max")
	}
	digest := sha256.Sum256([]byte(seed))
	return lowest + types.Int(binary.BigEndian.Uint64(digest[:])%uint64(limit-lowest))
}

// hashLibrary holds kro's digests of strings, as bytes (S4.7).
type hashLibrary struct{}

func (hashLibrary) LibraryName() string                 { return "hash" }
func (hashLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (hashLibrary) CompileOptions() []cel.EnvOption {
	function := func(name string, sum func([]byte) []byte) cel.EnvOption {
		return cel.Function(name, cel.Overload(name+"_string",
			[]*cel.Type{cel.StringType}, cel.BytesType,
			cel.UnaryBinding(func(arg ref.Val) ref.Val {
				s, ok := arg.(types.String)
				if !ok {
					return types.NewErr("%s: argument must be a string", name)
				}
				return types.Bytes(sum([]byte(s)))
			})))
	}
	return []cel.EnvOption{
		function("hash.fnv64a", func(b []byte) []byte {
			h := fnv.New64a()
			h.Write(b)
			return h.Sum(nil)
		}),
		function("hash.sha256", func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }),
		function("hash.md5", func(b []byte) []byte { s := md5.Sum(b); return s[:] }),
	}
}

// jsonLibrary holds kro's conversions to and from JSON text (S4.7).
type jsonLibrary struct{}

func (jsonLibrary) LibraryName() string                 { return "json" }
func (jsonLibrary) ProgramOptions() []cel.ProgramOption { return nil }

func (jsonLibrary) CompileOptions() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("json.unmarshal",
			cel.Overload("json.unmarshal_string",
				[]*cel.Type{cel.StringType}, cel.DynType, cel.UnaryBinding(unmarshal))),
		cel.Function("json.marshal",
			cel.Overload("json.marshal_dyn",
				[]*cel.Type{cel.DynType}, cel.StringType, cel.UnaryBinding(marshal))),
	}
}

// unmarshal reads JSON text with encoding/json, so that every number is a double.
func unmarshal(arg ref.Val) ref.Val {
	s, ok := arg.(types.String)
	if !ok {
		return types.NewErr("json.unmarshal: argument must be a string")
	}
	var out any
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		return types.NewErr("json.unmarshal: cannot parse JSON: %v", err)
	}
	return types.DefaultTypeAdapter.NativeToValue(out)
}

// marshal writes a value with encoding/json: sorted keys, no spaces, HTML
// characters escaped. Unlike a field of an object it may hold bytes and uints.
func marshal(arg ref.Val) ref.Val {
	native, err := nativeForJSON(arg)
	if err != nil {
		return types.WrapErr(err)
	}
	text, err := json.Marshal(native)
	if err != nil {
		return types.NewErr("json.marshal: %v", err)
	}
	return types.String(text)
}
