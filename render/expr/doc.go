// Package expr handles the `${...}` expressions in YAML strings. It scans a
// string and turns it into one CEL expression (Scan, Parse), parses that
// (ParseAST), finds its references (Inspector), checks and plans it in an
// environment with kro's function libraries (Base, Typed, Check, NewProgram), and
// evaluates it to a JSON value (Program.Eval).
//
// Results are the results of kro, with two wanted differences: comprehensions visit
// the keys of a map in sorted order, and cost and size are limited.
package expr
