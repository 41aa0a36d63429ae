import { useMemo, useState } from "react";
import { address, get, useData, useLive, type Instance, type Manifest, type ObjectRow, type Page } from "./api";
import { Link, setQuery, useLocation } from "./router";
import { Badge, CopyButton, Origin, Place, download, plural } from "./parts";
import { Code } from "./code";
import { LongList } from "./list";
import { Picker } from "./picker";
import { statusWords } from "./overview";
import { FindingList } from "./findings";

export default function Manifests() {
  const { revision, overview } = useLive();
  const { query } = useLocation();
  const instance = query.get("instance") ?? undefined;
  const object = query.get("object") ?? undefined;
  const wave = query.get("wave") ?? undefined;
  const one = useData<Instance>(instance ? address("/api/instance", { id: instance }) : null, revision);
  const shown = useData<Manifest>(object ? address("/api/object", { id: object }) : null, revision);
  const stale = one.data?.status === "stale" || one.old || shown.old || shown.data?.stale;
  return (
    <>
      <div className="head">
        <h1>Manifests</h1>
        <Picker page="/manifests" instance={instance} />
      </div>
      {one.error && <p className="banner"><bdi>{one.error}</bdi></p>}
      {one.data && <About instance={one.data} />}
      {!instance && <p className="muted">All {plural(overview!.objects, "object")}; choose an instance to see its waves.</p>}
      {one.data && one.data.waves.length > 1 && (
        <div className="bar" role="group" aria-label="Wave">
          <button type="button" aria-pressed={!wave} onClick={() => setQuery({ wave: undefined })}>All waves</button>
          {one.data.waves.map((w) => <button type="button" key={w.wave} aria-pressed={wave === String(w.wave)} onClick={() => setQuery({ wave: w.wave })}>Wave {w.wave} <span className="muted">{w.objects}</span></button>)}
        </div>
      )}
      <div className={`split list-first ${stale ? "stale" : ""}`}>
        <LongList<ObjectRow> url="/api/objects" query={{ instance, wave }} revision={revision} noun="object" label="Objects" height={52} stale={(o) => !!o.stale}
          row={(o) => (
            <button type="button" className="pick" aria-current={o.id === object ? "true" : undefined} onClick={() => setQuery({ object: o.id })}>
              <span><span className="muted">{o.kind}</span> <bdi>{o.name || "(no name)"}</bdi></span>
              <span className="muted small">{o.wave !== undefined ? `wave ${o.wave}` : "as is"}{o.node ? ` · ${o.node}` : ""}{o.namespace ? ` · ${o.namespace}` : ""}</span>
            </button>
          )} />
        {shown.error && !shown.data && <p className="banner"><bdi>{shown.error}</bdi></p>}
        {shown.data ? <Shown manifest={shown.data} /> : !shown.error && <p className="note">{object ? "Loading…" : "Choose an object."}</p>}
      </div>
    </>
  );
}

function About({ instance }: { instance: Instance }) {
  const all = async () => {
    const texts: string[] = [];
    for (let offset = 0; ; offset += 100) {
      const page = await get<Page<ObjectRow>>(address("/api/objects", { instance: instance.id, offset, limit: 100 }));
      for (const o of page.items) texts.push((await get<Manifest>(address("/api/object", { id: o.id }))).yaml);
      if (offset + 100 >= page.total) break;
    }
    download(`${instance.name}.yaml`, texts.map((t) => `---\n${t}`).join(""));
  };
  return (
    <section className="about" aria-label="Instance">
      <p>
        <Badge kind={instance.status}>{statusWords[instance.status]}</Badge> <strong><bdi>{instance.title}</bdi></strong> <Place at={{ file: instance.file, line: instance.line, column: 1 }} />
        <span className="links"><Link to="/graph" query={{ instance: instance.id }}>graph</Link> <Link to="/try" query={{ instance: instance.id }}>try</Link> <Link to="/definition" query={{ definition: instance.definition }}>API</Link>
          <button type="button" onClick={() => void all()}>Download all</button></span>
      </p>
      {instance.findings.length > 0 && <FindingList list={instance.findings} />}
      {instance.pending.length > 0 && (
        <details><summary>{plural(instance.pending.length, "node")} waiting for a cluster</summary>
          <ul className="plain">{instance.pending.map((p, i) => <li key={i}><code><bdi>{p.node}</bdi></code> {p.needs ? <>needs <code><bdi>{p.needs}</bdi></code></> : p.waitsFor ? <>waits for <bdi>{p.waitsFor.join(", ")}</bdi></> : null} <span className="muted"><bdi>{p.reason}</bdi></span></li>)}</ul>
        </details>
      )}
      {instance.skipped.length > 0 && <p className="muted">Left out by includeWhen: <bdi>{instance.skipped.join(", ")}</bdi></p>}
    </section>
  );
}

function Shown({ manifest }: { manifest: Manifest }) {
  const lines = useMemo(() => new Map((manifest.lines ?? []).map((l) => [l.line, l.value])), [manifest]);
  const [line, setLine] = useState(0);
  const value = lines.get(line);
  return (
    <article className="shown" aria-label={`${manifest.kind} ${manifest.name}`}>
      <div className="bar">
        <h2><span className="muted">{manifest.kind}</span> <bdi>{manifest.name}</bdi></h2>
        <CopyButton text={manifest.yaml}>Copy</CopyButton>
        <button type="button" onClick={() => download(`${manifest.kind.toLowerCase()}-${manifest.name}.yaml`, manifest.yaml)}>Download</button>
      </div>
      <p className="muted">
        {manifest.node && <>node <code><bdi>{manifest.node}</bdi></code> </>}{manifest.at && <Place at={manifest.at} />}
        {manifest.instanceTitle && <> of <bdi>{manifest.instanceTitle}</bdi> </>}{manifest.written && <Place at={manifest.written} />}
      </p>
      <Code text={manifest.yaml} label={`Manifest of ${manifest.name}`} lines={lines} onLine={setLine} />
      <section className="explain" aria-label="Where it comes from" aria-live="polite" tabIndex={0}>
        {value ? <Origin value={value} /> : <p className="muted">{lines.size > 0 ? "Select a line to see where it comes from. ƒ is an expression, · is written in the template." : "This object is in the input as it is."}</p>}
      </section>
      {manifest.why && !manifest.why.hook && (
        <details><summary>Why wave {manifest.why.wave}</summary>
          <ol className="plain">{manifest.why.path.map((s, i) => <li key={i}><Badge kind="wave">{s.first === s.last ? s.first : `${s.first}–${s.last}`}</Badge> <bdi>{s.node}</bdi>: <bdi>{s.why}</bdi> {s.at && <Place at={s.at} />}</li>)}</ol>
        </details>
      )}
      {manifest.includeWhen && manifest.includeWhen.length > 0 && <details><summary>Conditions</summary>{manifest.includeWhen.map((v, i) => <Origin key={i} value={v} />)}</details>}
      {manifest.forEach && manifest.forEach.length > 0 && <details><summary>forEach</summary>{manifest.forEach.map((v, i) => <Origin key={i} value={v} />)}</details>}
    </article>
  );
}
