// What the server answers, and how it is asked.
import type { Editor } from "./editor";
import { createContext, useContext, useEffect, useRef, useState } from "react";

export type Position = { file: string; line: number; column: number };
export type Finding = {
  severity: string; rule: string; file: string; line: number; column: number; message: string;
  object?: string; hint?: string; path?: string; related?: { position: Position; message: string }[];
};
export type Count = { name: string; count: number };
export type Overview = {
  definitions: number; instances: number; objects: number; passThrough: number; pending: number; broken: number; stale: number;
  errors: number; warnings: number; projects: Count[]; kinds: Count[]; objectKinds: Count[]; namespaces: Count[];
};
export type State = {
  revision: number; rendering: boolean; comparing: boolean; problem?: string; compared: number; noChanges?: string;
  title: string; editor: Editor; dir: string; overview?: Overview;
};
export type Page<T> = { total: number; offset: number; items: T[] };
export type InstanceRow = {
  id: string; kind: string; namespace: string; name: string; project: string; file: string; line: number;
  definition: string; objects: number; status: string;
};
export type DefinitionRow = {
  id: string; name: string; kind: string; apiVersion: string; project: string; file: string; line: number; nodes: number; instances: number; stale?: boolean;
};
export type ObjectRow = {
  id: string; kind: string; group: string; namespace: string; name: string; wave?: number; node?: string; instance?: string; stale?: boolean;
};
export type Value = {
  name: string; value?: unknown; hidden?: boolean; from: string; at?: Position; expression?: string; declared?: string; note?: string; inputs?: Value[]; more?: number;
};
export type Manifest = ObjectRow & {
  yaml: string; lines?: { line: number; value: Value }[]; at?: Position; written?: Position; instanceTitle?: string;
  why?: { wave: number; hook?: boolean; path: { instance: string; node: string; object?: string; first: number; last: number; why: string; at?: Position }[] };
  includeWhen?: Value[]; forEach?: Value[];
};
export type NodeDetail = {
  id: string; kind: string; apiVersion: string; at: Position; template: string; forEach?: string[]; includeWhen?: string[]; readyWhen?: string[];
  because?: string[]; missing?: string; hint?: string; objects?: ObjectRow[]; chained?: string;
};
export type Point = { x: number; y: number };
export type GraphNode = { id: string; title: string; kind: string; wave: number; state: string; chained?: boolean; collection?: boolean; size?: number };
export type Graph = {
  title: string; nodes: GraphNode[]; edges: { from: string; to: string; fields: string[] }[];
  width: number; height: number; columns: { wave: number; x: number; width: number }[];
  places: { x: number; y: number; width: number; height: number }[]; routes: Point[][];
  definition: string; instance?: string; stale?: boolean; details: NodeDetail[];
};
export type Instance = InstanceRow & {
  title: string; yaml: string; waves: { wave: number; objects: number }[]; skipped: string[]; findings: Finding[]; chained: string[];
  pending: { node: string; needs?: string; reason?: string; waitsFor?: string[] }[];
};
export type Field = { path: string; depth: number; type: string; required?: boolean; default?: string; enum?: string[]; rules?: string[]; description?: string };
export type Definition = DefinitionRow & {
  doc: { rgd: string; apiVersion: string; kind: string; plural: string; namespaced: boolean; spec: Field[]; status: Field[]; example: string };
};
export type Identity = { apiVersion: string; kind: string; namespace?: string; name: string; project?: string; path?: string };
export type Danger = { severity: string; rule: string; message: string; object?: Identity; instance?: Identity; node?: string; path?: string; position?: Position };
export type Summary = {
  added: number; changed: number; deleted: number; moved: number; unchanged: number; passThrough: number; definitions: number; dangers: number;
  instances: { added: number; changed: number; removed: number; broken: number; unchanged: number };
};
export type DangerGroup = Danger & { count?: number; instances?: number; objects?: unknown };
export type Changes = { old: string; new: string; summary: Summary; dangers: DangerGroup[]; definitions: DefinitionChange[] };
export type DefinitionChange = {
  name: string; kind: string; status: string; position?: Position; instances: number; breaking?: boolean;
  nodesAdded?: string[]; nodesRemoved?: string[]; nodesChanged?: string[];
  schema?: { path?: string; verdict?: string; message?: string }[];
};
export type ChangeRow = {
  id: string; kind: string; namespace: string; name: string; project: string; status: string; edited?: boolean;
  added: number; changed: number; deleted: number; moved: number; dangers: number;
};
export type ObjectDiff = {
  action: string; object: Identity; node?: string; reason?: string; wave?: { before?: number; after?: number };
  fields?: { path: string; op: string; before?: unknown; after?: unknown; secret?: boolean }[]; before: string; after: string;
};
export type Change = { id: string; status: string; position?: Position; objects: ObjectDiff[]; more?: number; dangers: Danger[]; findings?: Finding[] };
export type Form = { definition: string; instance?: string; schema: Record<string, unknown>; yaml: string; masks: boolean };
export type Tried = {
  findings: Finding[]; objects: { object: Identity; wave: number; node: string; yaml: string }[]; summary: Summary;
  changes: ObjectDiff[]; dangers: Danger[]; pending: string[]; skipped: string[];
};
export type Hit = { type: string; id: string; title: string; note: string };

export const StateContext = createContext<State | null>(null);
export function useLive(): State {
  return useContext(StateContext)!;
}

export type Query = Record<string, string | number | undefined>;

export function address(path: string, query: Query = {}): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== "") q.set(k, String(v));
  const text = q.toString();
  return text ? `${path}?${text}` : path;
}

export async function get<T>(url: string, signal?: AbortSignal): Promise<T> {
  const r = await fetch(url, { signal });
  if (!r.ok) throw new Error((await r.text()).trim() || r.statusText);
  return r.json() as Promise<T>;
}

export async function post<T>(url: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const r = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
  if (!r.ok) throw new Error((await r.text()).trim() || r.statusText);
  return r.json() as Promise<T>;
}

/** useData asks for a URL, and again for every new revision. What was there stays until the new answer is. */
export function useData<T>(url: string | null, revision: number): { data?: T; error?: string; old: boolean } {
  const [got, set] = useState<{ url: string; data?: T; error?: string }>({ url: "" });
  const last = useRef<string>("");
  useEffect(() => {
    if (url === null || revision === 0) return;
    const control = new AbortController();
    get<T>(url, control.signal).then(
      (data) => { last.current = url; set({ url, data }); },
      (e: Error) => { if (!control.signal.aborted) set((was) => ({ url, error: e.message, data: was.url === url ? was.data : undefined })); },
    );
    return () => control.abort();
  }, [url, revision]);
  const mine = got.url === url;
  return { data: mine ? got.data : undefined, error: mine ? got.error : undefined, old: mine && got.error !== undefined && got.data !== undefined };
}
