import { useEffect, useMemo, useState } from "react";
import FormOf from "@rjsf/core";
import type { RJSFSchema } from "@rjsf/utils";
import { parse, parseDocument, stringify } from "yaml";
import { address, post, useData, useLive, type Form, type Tried } from "./api";
import { setQuery, useLocation } from "./router";
import { Badge, Choice, CopyButton, Dangers, idText, plural } from "./parts";
import { Code, Editor } from "./code";
import { FindingList } from "./findings";
import { OneDiff } from "./changes";
import { Picker } from "./picker";
import { formSchema, validator } from "./validator";
import { completer } from "./complete";

export default function TryPage() {
  const { revision } = useLive();
  const { query } = useLocation();
  const instance = query.get("instance") ?? undefined;
  const definition = query.get("definition") ?? undefined;
  const { data, error } = useData<Form>(instance || definition ? address("/api/form", { instance, definition: instance ? undefined : definition }) : null, revision);
  return (
    <>
      <div className="head"><h1>Try</h1><Picker page="/try" instance={instance} definition={definition} definitions /></div>
      <p className="muted">Nothing is written: this is rendered in memory.</p>
      {!instance && !definition && <p className="note">Choose an instance, or a definition for a new one.</p>}
      {error && <p className="banner"><bdi>{error}</bdi></p>}
      {data && <Trying key={`${data.instance ?? ""} ${data.definition}`} form={data} />}
    </>
  );
}

function Trying({ form }: { form: Form }) {
  const { revision } = useLive();
  const { query } = useLocation();
  const as = query.get("as") ?? "form";
  const [text, setText] = useState(form.yaml);
  const [tried, setTried] = useState<Tried | null>(null);
  const [problem, setProblem] = useState("");
  const schema = useMemo(() => formSchema(form.schema), [form.schema]);
  const complete = useMemo(() => completer(form.schema), [form.schema]);
  useEffect(() => {
    const control = new AbortController();
    const wait = setTimeout(() => {
      post<Tried>("/api/try", { definition: form.definition, instance: form.instance ?? "", yaml: text }, control.signal).then(
        (t) => { setTried(t); setProblem(""); },
        (e: Error) => { if (!control.signal.aborted) setProblem(e.message); },
      );
    }, 150);
    return () => { clearTimeout(wait); control.abort(); };
  }, [text, form.definition, form.instance, revision]);
  const spec = useMemo(() => {
    try {
      return (parse(text) as { spec?: unknown } | null)?.spec;
    } catch {
      return undefined;
    }
  }, [text]);
  const change = (next: unknown) => {
    const doc = parseDocument(text);
    doc.setIn(["spec"], doc.createNode(next));
    setText(doc.toString());
  };
  const patch = () => {
    const before = (parse(form.yaml) as { spec?: unknown }).spec, after = (parse(text) as { spec?: unknown }).spec;
    return stringify({ spec: mergePatch(before, after) ?? {} });
  };
  return (
    <div className="split even">
      <section aria-label="Values">
        <div className="bar">
          <Choice label="Edit as" value={as} onChange={(v) => setQuery({ as: v })} options={[["form", "Form"], ["yaml", "YAML"]]} />
          <CopyButton text={text}>Copy as YAML</CopyButton>
          <CopyButton text={patch}>Copy as patch</CopyButton>
          <button type="button" onClick={() => setText(form.yaml)} disabled={text === form.yaml}>Reset</button>
        </div>
        {form.masks && <p className="muted">Values that Secrets are made of are not shown; a mask stands for the value that is there.</p>}
        {as === "yaml" ? <Editor text={text} label="Instance" onChange={setText} complete={complete} findings={tried?.findings.filter((f) => f.file === "try.yaml") ?? []} /> : (
          <FormOf schema={schema as RJSFSchema} validator={validator} formData={spec ?? {}} liveValidate="onChange" showErrorList={false} noHtml5Validate
            experimental_defaultFormStateBehavior={{ emptyObjectFields: "skipDefaults" }}
            uiSchema={{ "ui:submitButtonOptions": { norender: true }, "ui:title": "", "ui:options": { label: false } }} onChange={(e) => change(e.formData)} />
        )}
      </section>
      <section aria-label="Result" aria-live="polite" className="result">
        {problem && <p className="banner error">{problem}</p>}
        {tried && <Result tried={tried} compared={!!form.instance} />}
      </section>
    </div>
  );
}

function Result({ tried, compared }: { tried: Tried; compared: boolean }) {
  const [tab, setTab] = useState<"changes" | "objects">(compared ? "changes" : "objects");
  return (
    <>
      <div className="bar">
        <Choice label="Result" value={tab} onChange={setTab} options={compared ? [["changes", "Changes"], ["objects", "Objects"]] : [["objects", "Objects"]]} />
        <span className="muted" data-objects={tried.objects.length}>{plural(tried.objects.length, "object")}{compared && `, ${tried.summary.added} added, ${tried.summary.changed} changed, ${tried.summary.deleted} deleted`}</span>
      </div>
      {tried.findings.length > 0 && <div className="banner error"><FindingList list={tried.findings} tried="try.yaml" /></div>}
      {compared && <Dangers list={tried.dangers} />}
      {tried.pending.length > 0 && <p className="muted">Waiting for a cluster: <bdi>{tried.pending.join(", ")}</bdi></p>}
      {tried.skipped.length > 0 && <p className="muted">Left out by includeWhen: <bdi>{tried.skipped.join(", ")}</bdi></p>}
      {tab === "changes" && compared && (tried.changes.length === 0 ? <p className="note">No object differs.</p> : tried.changes.map((d, i) => <OneDiff key={`${idText(d.object)} ${i}`} diff={d} how="inline" />))}
      {tab === "objects" && tried.objects.slice(0, 100).map((o, i) => (
        <details key={`${idText(o.object)} ${i}`} open={i === 0}><summary><Badge kind="wave">wave {o.wave}</Badge> <bdi>{idText(o.object)}</bdi> <span className="muted"><bdi>{o.node}</bdi></span></summary><Code text={o.yaml} label={idText(o.object)} /></details>
      ))}
    </>
  );
}

/** mergePatch is what turns one value into another, as JSON Merge Patch (RFC 7396) has it. */
function mergePatch(before: unknown, after: unknown): unknown {
  const plain = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
  if (!plain(before) || !plain(after)) return JSON.stringify(before) === JSON.stringify(after) ? undefined : after ?? null;
  const out: Record<string, unknown> = {};
  for (const k of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!(k in after)) out[k] = null;
    else if (!(k in before)) out[k] = after[k];
    else {
      const p = mergePatch(before[k], after[k]);
      if (p !== undefined) out[k] = p;
    }
  }
  return Object.keys(out).length > 0 ? out : undefined;
}
