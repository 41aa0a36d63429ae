package health

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// argoCD runs a check as Argo CD does: the libraries base, table and package, of
// os only time and date, and one second.
func argoCD(script string, object map[string]any) (status, message string, err error) {
	compiled, err := compileLua(script)
	if err != nil {
		return "", "", err
	}
	return runLua(compiled, object)
}

// compileLua compiles a script once for many runs, as Argo CD 3 does.
func compileLua(script string) (*lua.FunctionProto, error) {
	chunk, err := parse.Parse(strings.NewReader(script), "check")
	if err != nil {
		return nil, err
	}
	return lua.Compile(chunk, "check")
}

func runLua(compiled *lua.FunctionProto, object map[string]any) (status, message string, err error) {
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		if err := l.CallByParam(lua.P{Fn: l.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			return "", "", err
		}
	}
	now := func(l *lua.LState) int { l.Push(lua.LNumber(0)); return 1 }
	l.RegisterModule(lua.OsLibName, map[string]lua.LGFunction{"time": now, "date": now})
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	l.SetContext(ctx)
	l.SetGlobal("obj", luaValue(l, object))
	l.Push(l.NewFunctionFromProto(compiled))
	if err := l.PCall(0, lua.MultRet, nil); err != nil {
		return "", "", err
	}
	result, ok := l.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", fmt.Errorf("the script returns %s, want a table", l.Get(-1).Type())
	}
	return lua.LVAsString(result.RawGetString("status")), lua.LVAsString(result.RawGetString("message")), nil
}

// luaValue is what Argo CD makes of a JSON value: null is nothing.
func luaValue(l *lua.LState, value any) lua.LValue {
	switch v := value.(type) {
	case bool:
		return lua.LBool(v)
	case float64:
		return lua.LNumber(v)
	case int64:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case []any:
		list := l.CreateTable(len(v), 0)
		for _, item := range v {
			list.Append(luaValue(l, item))
		}
		return list
	case map[string]any:
		table := l.CreateTable(0, len(v))
		for key, item := range v {
			table.RawSetH(lua.LString(key), luaValue(l, item))
		}
		return table
	}
	return lua.LNil
}

func TestArgoCDRestrictions(t *testing.T) {
	for _, script := range []string{`return string.rep("a", 2)`, `return ("a"):len()`, `return math.floor(1)`, `return os.exit()`} {
		if _, _, err := argoCD(script, nil); err == nil {
			t.Errorf("%s runs, but does not in Argo CD", script)
		}
	}
}
