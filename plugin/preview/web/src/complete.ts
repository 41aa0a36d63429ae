// Completion of the YAML of an instance, from the schema of its definition.
import type { Completion, CompletionContext, CompletionSource } from "@codemirror/autocomplete";

type Schema = {
  type?: string; description?: string; default?: unknown; enum?: unknown[]; properties?: Record<string, Schema>; items?: Schema;
  additionalProperties?: Schema | boolean; required?: string[];
};

/** path lists the keys that lead to a line, by indentation; items of lists are "-". */
function path(lines: string[], line: number, indent: number): string[] {
  const out: string[] = [];
  let at = indent;
  for (let i = line - 1; i >= 0 && at > 0; i--) {
    const m = /^(\s*)((?:- +)*)([^\s:#][^:]*):/.exec(lines[i]);
    if (!m) continue;
    const start = m[1].length;
    const key = start + m[2].length;
    if (key < at) { out.unshift(m[3].trim()); at = key; }
    if (m[2] && start < at) { out.unshift("-"); at = start; }
  }
  return out;
}

function resolve(root: Schema, steps: string[]): Schema | undefined {
  let at: Schema | undefined = root;
  for (const s of steps) {
    if (at?.items && s !== "-") at = at.items;
    if (s === "-") at = at?.items;
    else at = at?.properties?.[s] ?? (typeof at?.additionalProperties === "object" ? at.additionalProperties : undefined);
    if (!at) return undefined;
  }
  return at;
}

export function completer(spec: object): CompletionSource {
  const root: Schema = { properties: { apiVersion: {}, kind: {}, metadata: { properties: { name: {}, namespace: {}, labels: {}, annotations: {} } }, spec: spec as Schema } };
  return (c: CompletionContext) => {
    const line = c.state.doc.lineAt(c.pos);
    const before = line.text.slice(0, c.pos - line.from);
    const m = /^(\s*)((?:- +)*)([\w.-]*)$/.exec(before);
    const lines = c.state.doc.toString().split("\n");
    if (m) {
      if (!c.explicit && m[3] === "") return null;
      const steps = path(lines, line.number - 1, m[1].length + m[2].length);
      let at = resolve(root, m[2] && steps.at(-1) !== "-" ? [...steps, "-"] : steps);
      if (at?.items) at = at.items;
      if (!at?.properties) return null;
      const options: Completion[] = Object.entries(at.properties).map(([name, s]) => ({
        label: name, type: "property", detail: [s.type, at.required?.includes(name) ? "required" : ""].filter(Boolean).join(", "), info: s.description,
        apply: s.type === "object" || s.type === "array" ? `${name}:\n${" ".repeat(m[1].length + m[2].length + 2)}` : `${name}: `,
      }));
      return { from: c.pos - m[3].length, options, validFor: /^[\w.-]*$/ };
    }
    const value = /^(\s*)((?:- +)*)([^\s:#][^:]*):\s+([\w.-]*)$/.exec(before);
    if (!value) return null;
    const at = resolve(root, [...path(lines, line.number - 1, value[1].length + value[2].length), value[3].trim()]);
    const words = at?.enum ?? (at?.type === "boolean" ? [true, false] : at?.default !== undefined ? [at.default] : []);
    if (words.length === 0) return null;
    return { from: c.pos - value[4].length, options: words.map((w) => ({ label: typeof w === "string" ? w : JSON.stringify(w), type: "enum" })) };
  };
}
