// Package expr knows the `${...}` expressions of YAML strings. A string comes
// in and is scanned and turned into one CEL expression (Scan, Parse); the
// expression is parsed (ParseAST), inspected for what it refers to (Inspector),
// checked and planned in an environment with kro's function libraries (Base,
// Typed, Check, NewProgram), and evaluated to a JSON value (Program.Eval).
//
// Results are the results of kro, with two wanted differences: comprehensions visit
// the keys of a map in sorted order, and cost and size are limited.
package expr
