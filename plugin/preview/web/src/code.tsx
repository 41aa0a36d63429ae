// CodeMirror: text to read, to edit, and beside another text.
import { useEffect, useRef } from "react";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, GutterMarker, drawSelection, gutter, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { HighlightStyle, bracketMatching, codeFolding, foldGutter, foldKeymap, syntaxHighlighting } from "@codemirror/language";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { autocompletion, completionKeymap, type CompletionSource } from "@codemirror/autocomplete";
import { setDiagnostics, lintGutter } from "@codemirror/lint";
import { yaml } from "@codemirror/lang-yaml";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { tags } from "@lezer/highlight";
import type { Finding, Value } from "./api";

const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], class: "tok-key" },
  { tag: [tags.string, tags.content, tags.special(tags.string)], class: "tok-string" },
  { tag: [tags.number, tags.bool, tags.null], class: "tok-value" },
  { tag: tags.comment, class: "tok-comment" },
  { tag: [tags.punctuation, tags.separator], class: "tok-mark" },
]);

const common: Extension[] = [
  EditorView.cspNonce.of(nonce), lineNumbers(), codeFolding(), foldGutter(), highlightSpecialChars(), drawSelection(), bracketMatching(), yaml(),
  syntaxHighlighting(colours), EditorView.lineWrapping,
];
const reading: Extension[] = [...common, EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: "0" }), keymap.of([...foldKeymap, ...defaultKeymap])];

const marks: Record<string, string> = { expression: "ƒ", template: "·", instance: "i", parent: "i", default: "d", namespace: "n", iterator: "∀", observed: "o", "server-default": "s", admission: "a" };

class OriginMark extends GutterMarker {
  constructor(readonly value: Value) { super(); }
  eq(other: OriginMark) { return other.value.from === this.value.from; }
  toDOM() {
    const el = document.createElement("span");
    el.className = `from from-${this.value.from}`;
    el.textContent = marks[this.value.from] ?? "·";
    return el;
  }
}

/** Code shows a text; lines have the place that they come from, and tell when they are selected. */
export function Code({ text, label, lines, onLine }: { text: string; label: string; lines?: Map<number, Value>; onLine?: (line: number) => void }) {
  const at = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const tell = useRef(onLine);
  tell.current = onLine;
  const origin = useRef(new Compartment());
  const gutterOf = (values?: Map<number, Value>): Extension => (values ? gutter({
    class: "cm-origin",
    lineMarker: (v, block) => {
      const value = values.get(v.state.doc.lineAt(block.from).number);
      return value ? new OriginMark(value) : null;
    },
  }) : []);
  useEffect(() => {
    const v = new EditorView({
      parent: at.current!, doc: text,
      extensions: [
        ...reading, highlightActiveLine(), highlightActiveLineGutter(), origin.current.of(gutterOf(lines)), EditorView.contentAttributes.of({ "aria-label": label }),
        EditorView.domEventHandlers({
          click: (e, v) => { const pos = v.posAtCoords({ x: e.clientX, y: e.clientY }); if (pos !== null) tell.current?.(v.state.doc.lineAt(pos).number); },
        }),
        EditorView.updateListener.of((u) => { if (u.selectionSet) tell.current?.(u.state.doc.lineAt(u.state.selection.main.head).number); }),
      ],
    });
    view.current = v;
    return () => v.destroy();
  }, [label]);
  useEffect(() => {
    const v = view.current!;
    if (v.state.doc.toString() !== text) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: text } });
    v.dispatch({ effects: origin.current.reconfigure(gutterOf(lines)) });
  }, [text, lines]);
  return <div className="code" ref={at} />;
}

/** Editor edits a text, with findings at their lines. */
export function Editor({ text, label, onChange, complete, findings }: { text: string; label: string; onChange: (t: string) => void; complete: CompletionSource; findings: Finding[] }) {
  const at = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const tell = useRef(onChange);
  tell.current = onChange;
  const source = useRef(complete);
  source.current = complete;
  useEffect(() => {
    const v = new EditorView({
      parent: at.current!, doc: text,
      extensions: [
        ...common, history(), lintGutter(), autocompletion({ override: [(c) => source.current(c)] }), EditorView.contentAttributes.of({ "aria-label": label }),
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...foldKeymap, indentWithTab]),
        EditorView.updateListener.of((u) => { if (u.docChanged) tell.current(u.state.doc.toString()); }),
      ],
    });
    view.current = v;
    return () => v.destroy();
  }, [label]);
  useEffect(() => {
    const v = view.current!;
    if (v.state.doc.toString() !== text) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: text } });
  }, [text]);
  useEffect(() => {
    const v = view.current!;
    v.dispatch(setDiagnostics(v.state, findings.map((f) => {
      const line = v.state.doc.line(Math.min(Math.max(f.line, 1), v.state.doc.lines));
      const from = Math.min(line.from + Math.max(f.column - 1, 0), line.to);
      return { from, to: line.to, severity: f.severity === "error" ? "error" as const : "warning" as const, message: f.message + (f.hint ? `\n${f.hint}` : "") };
    })));
  }, [findings, text]);
  return <div className="code editor" ref={at} />;
}

/** Diff shows a text before and after. */
export function Diff({ before, after, inline, label }: { before: string; after: string; inline: boolean; label: string }) {
  const at = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const named = (side: string) => EditorView.contentAttributes.of({ "aria-label": `${label}, ${side}` });
    const folded = { margin: 3, minSize: 6 };
    if (inline) {
      const v = new EditorView({
        parent: at.current!, doc: after,
        extensions: [...reading, named("changes"), unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: folded })],
      });
      return () => v.destroy();
    }
    const v = new MergeView({
      parent: at.current!, collapseUnchanged: folded, gutter: true,
      a: { doc: before, extensions: [...reading, named("before")] }, b: { doc: after, extensions: [...reading, named("after")] },
    });
    return () => v.destroy();
  }, [before, after, inline, label]);
  return <div className="code diff" ref={at} />;
}
