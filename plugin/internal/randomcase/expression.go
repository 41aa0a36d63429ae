package randomcase

import (
	"fmt"
	"strconv"
	"strings"
)

// read returns an expression that reads a value of a shape, and false when there is none.
func (g *generator) read(s shape) (string, bool) {
	var fitting []string
	for _, v := range g.scope {
		if v.shape == s {
			fitting = append(fitting, v.path)
		}
	}
	if len(fitting) == 0 {
		return "", false
	}
	return pick(g, fitting...), true
}

// readOr reads a value, most of the time when there is one, or falls back to what make returns.
func (g *generator) readOr(s shape, make func() string) string {
	if path, ok := g.read(s); ok && g.chance(75) {
		return path
	}
	return make()
}

// fill replaces the marks of a form: @S @I @B @N @L @J @M @C are operands (string, integer, boolean,
// number, lists of strings, integers and structs, map), @V is a new variable and @n a small integer.
func (g *generator) fill(format string, depth int) string {
	variable := g.unique("v")
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '@' {
			out.WriteByte(format[i])
			continue
		}
		i++
		switch format[i] {
		case 'S':
			out.WriteString(g.string(depth - 1))
		case 'I':
			out.WriteString(g.integer(depth - 1))
		case 'B':
			out.WriteString(g.boolean(depth - 1))
		case 'N':
			out.WriteString(g.number(depth - 1))
		case 'L':
			out.WriteString(g.stringList(depth - 1))
		case 'J':
			out.WriteString(g.integerList(depth - 1))
		case 'M':
			out.WriteString(g.stringMap(depth - 1))
		case 'C':
			out.WriteString(g.structList())
		case 'V':
			out.WriteString(variable)
		case 'n':
			out.WriteString(strconv.Itoa(1 + g.IntN(9)))
		}
	}
	return out.String()
}

var stringForms = []string{
	`(@S + @S)`, `(@B ? @S : @S)`, `string(@I)`, `string(@B)`, `string(@N)`, `@S.lowerAscii()`, `@S.upperAscii()`, `@S.trim()`,
	`@S.replace("a", "o")`, `@S.replace("a", "", 1)`, `(@S + "padding").substring(0, @n)`, `(@S + "x").charAt(0)`, `@L.join("-")`,
	`@L.join()`, `@J.map(@V, string(@V)).join(",")`, `base64.encode(bytes(@S))`, `string(base64.decode(base64.encode(bytes(@S))))`,
	`random.seededString(@n, @S)`, `"%x".format([hash.fnv64a(@S)])`, `base64.encode(hash.sha256(@S))`, `"%x".format([hash.md5(@S)])`,
	`json.marshal({"s": @S, "n": @I, "l": @L})`, `json.marshal(@M)`, `json.marshal(@C)`, `@S.split("-")[0]`, `cel.bind(@V, @S, @V + "/" + @V)`,
	`"%s-%d".format([@S, @I])`, `"%s %s %.2f".format([@L, @B, @N])`, `@S.find("[a-z]+")`, `strings.quote(@S)`, `@S.reverse()`,
	`string(duration("1h30m"))`, `string(timestamp("2024-05-06T07:08:09Z") + duration("1h"))`, `optional.of(@S).orValue("none")`,
	`@M[?"k"].orValue(@S)`, `@L[?0].orValue(@S)`, `optional.ofNonZeroValue(@S).optMap(@V, @V + "!").orValue("empty")`,
	`url("https://example.com:80/path").getHost()`, `string(ip("10.0.0.1"))`, `(cidr("10.0.0.0/8").ip() == ip("10.0.0.0") ? @S : "no")`,
	`(@L + ["z"]).sort()[0]`, `(@L + ["last"]).max()`, `@C.map(@V, @V.name).join("+")`, `@M.map(@V, @V).sort().join(";")`,
	`string(json.unmarshal("{\"a\": \"b\"}").a)`, `(type(@S) == type("") ? "t" : "f")`, `["a", "b"].last().orValue("n")`, `(@S.lowerAscii().matches("^[a-z]+$") ? "word" : "other")`,
	`dyn(@S)`, `(@S + "\n" + 'single')`, `("{" + @S + "}")`, `(r"raw\d" + @S)`,
}

func (g *generator) string(depth int) string {
	if depth <= 0 {
		return g.readOr(text, func() string {
			return strconv.Quote(pick(g, "lit", "a-b", "", "Zoë", "with space", "x1"))
		})
	}
	if g.chance(30) {
		return g.string(0)
	}
	return g.fill(pick(g, stringForms...), depth)
}

var integerForms = []string{
	`(@I + @I)`, `(@I - @I)`, `(@I * @n)`, `(@I / @n)`, `(@I % @n)`, `size(@S)`, `@L.size()`, `size(@M)`, `(@B ? @I : @I)`, `int("@n")`, `int(@N)`,
	`(@J + [@I]).max()`, `(@J + [0]).sum()`, `(@J + [1]).min()`, `@S.indexOf("a")`, `@S.lastIndexOf("e")`, `random.seededInt(0, 100, @S)`,
	`semver("1.2.3").minor()`, `quantity("2Gi").asInteger()`, `quantity("500m").compareTo(quantity("1"))`, `lists.range(@n).size()`,
	`timestamp("2024-05-06T07:08:09Z").getFullYear()`, `@L.filter(@V, @V != "a").size()`, `@C.map(@V, @V.count).sum()`, `cel.bind(@V, @I, @V * @V)`,
	`optional.of(@I).value()`, `@J[?0].orValue(@I)`, `cidr("10.0.0.0/8").prefixLength()`, `ip("::1").family()`, `[@I, @I].sort()[0]`, `(-@I)`,
	`[[1, 2], [@I]].flatten().size()`, `int(duration("90s").getSeconds())`,
}

func (g *generator) integer(depth int) string {
	if depth <= 0 {
		return g.readOr(integer, func() string { return strconv.Itoa(g.IntN(10)) })
	}
	if g.chance(40) {
		return g.integer(0)
	}
	return g.fill(pick(g, integerForms...), depth)
}

var numberForms = []string{
	`(@N + @N)`, `(@N * 2.0)`, `double(@I)`, `(@B ? @N : 0.25)`, `quantity("1.5").asApproximateFloat()`, `double("@n.5")`, `[@N, 1.5].max()`, `(-@N)`,
}

func (g *generator) number(depth int) string {
	if depth <= 0 {
		return g.readOr(number, func() string { return fmt.Sprintf("%d.%d", g.IntN(9), pick(g, 0, 5, 25)) })
	}
	return g.fill(pick(g, numberForms...), depth)
}

var booleanForms = []string{
	`!@B`, `(@B && @B)`, `(@B || @B)`, `(@I > @I)`, `(@I <= @n)`, `(@S == @S)`, `(@S != "")`, `@S.startsWith("a")`, `@S.contains("e")`, `@S.matches("^[a-z-]+$")`,
	`(@S in @L)`, `("k" in @M)`, `@L.exists(@V, @V == "a")`, `@J.all(@V, @V >= 0)`, `@J.exists_one(@V, @V == @n)`, `@L.isSorted()`, `isQuantity(@S)`, `isSemver(@S)`,
	`isURL(@S)`, `isIP(@S)`, `(@N < 2.0)`, `quantity("1").isLessThan(quantity("2"))`, `semver("1.0.0").isLessThan(semver("1.0.1"))`, `(@L == @L)`, `(@M == @M)`,
	`cidr("10.0.0.0/8").containsIP("10.1.2.3")`, `optional.of(@I).hasValue()`, `@C.exists(@V, @V.count > @n)`, `@L.all(@V, @VI, @VI.size() >= @V)`, `has(schema.metadata.name)`, `(@B ? @B : @B)`,
}

func (g *generator) boolean(depth int) string {
	if depth <= 0 {
		return g.readOr(boolean, func() string { return pick(g, "true", "true", "false", "(1 < 2)") })
	}
	if g.chance(25) {
		return g.boolean(0)
	}
	return g.fill(pick(g, booleanForms...), depth)
}

var stringListForms = []string{
	`(@L + @L)`, `[@S, @S]`, `@L.map(@V, @V + @S)`, `@L.filter(@V, @V != @S)`, `@L.sort()`, `@L.distinct()`, `@L.reverse()`, `@S.split("-")`, `@S.split(",", 2)`, `@M.map(@V, @V).sort()`,
	`@L.transformList(@VI, @V, string(@VI) + @V)`, `@L.transformList(@VI, @V, @VI < 2, @V)`, `lists.range(@n).map(@V, string(@V))`, `[[@S], @L].flatten()`, `(@L + ["p", "q"]).slice(0, 2)`,
	`lists.setAtIndex(@L + ["e"], 0, @S)`, `lists.insertAtIndex(@L, 0, @S)`, `lists.removeAtIndex(@L + ["r"], 0)`, `@J.map(@V, string(@V))`, `@C.map(@V, @V.name)`, `(@B ? @L : [])`,
	`@S.findAll("[a-z]+")`, `@C.sortBy(@V, @V.count).map(@V, @V.name)`, `[?optional.of(@S), "x"]`, `@M.transformList(@VI, @V, @VI + @V).sort()`, `@L.map(@V, @V != "a", @V.upperAscii())`,
}

func (g *generator) stringList(depth int) string {
	if depth <= 0 {
		return g.readOr(textList, func() string { return pick(g, `["a", "b"]`, `["c"]`, `["b", "a", "b"]`) })
	}
	if g.chance(30) {
		return g.stringList(0)
	}
	return g.fill(pick(g, stringListForms...), depth)
}

func (g *generator) integerList(depth int) string {
	if depth <= 0 {
		return g.readOr(integerList, func() string { return pick(g, `[1, 2]`, `[80]`, `[3, 1, 2]`) })
	}
	return g.fill(pick(g, `(@J + [@I])`, `@J.map(@V, @V + @n)`, `lists.range(@n)`, `@J.filter(@V, @V > @n)`, `@J.sort()`, `@J.distinct()`, `@L.map(@V, @V.size())`, `@C.map(@V, @V.count)`, `[@I, @I]`), depth)
}

var stringMapForms = []string{
	`@M.merge(@M)`, `{"k": @S, "z": @S}`, `@M.transformMap(@V, @VI, @VI + "!")`, `@L.distinct().transformMapEntry(@VI, @V, {"i" + string(@VI): @V})`, `(@B ? @M : {"f": @S})`,
	`{@S: @S}`, `{?"o": optional.of(@S)}`, `@M.transformMap(@V, @VI, @V != "k", @VI)`,
}

func (g *generator) stringMap(depth int) string {
	if depth <= 0 {
		return g.readOr(textMap, func() string { return pick(g, `{"k": "v"}`, `{"a": "1", "b": "2"}`) })
	}
	return g.fill(pick(g, stringMapForms...), depth)
}

func (g *generator) structList() string {
	if path, ok := g.read(structList); ok {
		return path
	}
	return `[{"name": "n1", "count": 1}].map(e, {"name": string(e.name), "count": int(e.count)})`
}

// text returns a string for a field of type string: literal, interpolated or a single expression.
func (g *generator) text(depth int) string {
	switch g.IntN(5) {
	case 0:
		return pick(g, "literal", "a: b", "$HOME", "$(x)", "${unclosed", "line\nbreak\n", "{{ .Values }}", "1")
	case 1:
		return pick(g, "pre-", "é ", "$", "\"q\" ") + "${" + g.string(depth) + "}" + pick(g, "", "-post", "\n", "}")
	case 2:
		return "${" + g.string(depth-1) + "}" + pick(g, "-", "", " and ", "$") + "${" + g.string(depth-1) + "}"
	}
	if g.omit && g.chance(30) {
		return "${" + g.boolean(1) + " ? " + g.string(depth) + " : omit()}"
	}
	return "${" + g.string(depth) + "}"
}

// name returns a metadata.name that no other node of the case has.
func (g *generator) name(id string) string {
	switch g.IntN(5) {
	case 0:
		return "${schema.spec.name}-" + strings.ToLower(id)
	case 1:
		return `${schema.metadata.name + "-` + strings.ToLower(id) + `"}`
	case 2:
		return strings.ToLower(id)
	}
	return "${schema.metadata.name}-" + strings.ToLower(id)
}
