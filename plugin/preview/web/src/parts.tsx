// Small parts that several pages have.
import { useState, type ReactNode } from "react";
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { editorLink } from "./editor";
import { useLive, type Position, type Value, type Danger, type Identity } from "./api";

/** Place is a position in a file: a link to an editor, or a button that copies it. */
export function Place({ at }: { at: Position }) {
  const { editor, dir } = useLive();
  const [copied, setCopied] = useState(false);
  const text = `${at.file}:${at.line}`;
  const link = editorLink(editor, dir, at);
  if (link) return <a className="place" href={link}><bdi>{text}</bdi></a>;
  const copy = () => void copyText(`${text}:${at.column}`).then(() => { setCopied(true); setTimeout(() => setCopied(false), 1500); });
  return <button type="button" className="place" onClick={copy} title="Copy"><bdi>{text}</bdi><span role="status">{copied ? " copied" : ""}</span></button>;
}

export async function copyText(text: string) {
  await navigator.clipboard.writeText(text);
}

export function CopyButton({ text, children }: { text: string | (() => string); children: ReactNode }) {
  const [done, setDone] = useState(false);
  const copy = () => void copyText(typeof text === "string" ? text : text()).then(() => { setDone(true); setTimeout(() => setDone(false), 1500); });
  return <button type="button" onClick={copy}>{children}<span role="status">{done ? " ✓" : ""}</span></button>;
}

export function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  URL.revokeObjectURL(url);
}

export function Choice<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: [T, string][]; onChange: (v: T) => void }) {
  return (
    <ToggleButtonGroup aria-label={label} className="choice" selectionMode="single" disallowEmptySelection selectedKeys={[value]}
      onSelectionChange={(keys) => { for (const k of keys) onChange(k as T); }}>
      {options.map(([id, name]) => <ToggleButton key={id} id={id}>{name}</ToggleButton>)}
    </ToggleButtonGroup>
  );
}

export function Badge({ kind, children }: { kind: string; children: ReactNode }) {
  return <span className={`badge ${kind}`}>{children}</span>;
}

export function idText(id: Identity) {
  return `${id.kind} ${id.namespace ? id.namespace + "/" : ""}${id.name}`;
}

export function Dangers({ list }: { list: Danger[] }) {
  if (list.length === 0) return null;
  return (
    <ul className="dangers" aria-label="Dangers">
      {list.map((d, i) => (
        <li key={i} className={d.severity}>
          <Badge kind={d.severity}>{d.severity === "error" ? "danger" : "careful"}</Badge>{" "}
          {d.object && <strong><bdi>{idText(d.object)}</bdi>: </strong>}<bdi>{d.message}</bdi> <code>{d.rule}</code> {d.position && <Place at={d.position} />}
        </li>
      ))}
    </ul>
  );
}

const origins: Record<string, string> = {
  expression: "an expression", template: "written in the template", instance: "written in the instance", parent: "the instance that renders this one",
  default: "a default of the RGD", namespace: "the namespace of the instance", command: "the namespace of the command", iterator: "forEach",
  "index-label": "a label of the collection", observed: "an observed object", "server-default": "a default of the API server",
  admission: "an admission webhook", nowhere: "nothing sets it",
};

/** Origin says where a value comes from, and what it was made of. */
export function Origin({ value }: { value: Value }) {
  return (
    <div className="origin">
      <p><code><bdi>{value.name}</bdi></code>{" = "}<code>{value.hidden ? "<secret value>" : show(value.value)}</code></p>
      <p className="muted">{origins[value.from] ?? value.from}{value.note ? `: ${value.note}` : ""} {value.at && <Place at={value.at} />}</p>
      {value.expression && <p><code className="block"><bdi>{value.expression}</bdi></code></p>}
      {value.declared && <p><code className="block"><bdi>{value.declared}</bdi></code></p>}
      {value.inputs?.map((v, i) => <Origin key={i} value={v} />)}
      {value.more ? <p className="muted">and {value.more} more</p> : null}
    </div>
  );
}

export function show(v: unknown): string {
  if (v === undefined) return "no value";
  return typeof v === "string" ? v : JSON.stringify(v);
}

export function plural(n: number, one: string, many = one + "s") {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
