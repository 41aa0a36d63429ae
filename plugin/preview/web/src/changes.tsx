import { useState } from "react";
import { address, useData, useLive, type Change, type ChangeRow, type Changes, type ObjectDiff } from "./api";
import { setQuery, useLocation } from "./router";
import { Badge, Choice, Dangers, Place, idText, plural, show } from "./parts";
import { Diff } from "./code";
import { FindingList } from "./findings";
import { LongList } from "./list";

export type How = "fields" | "side" | "inline";

export default function ChangesPage() {
  const { compared, noChanges, comparing } = useLive();
  const { query } = useLocation();
  const { data } = useData<Changes>(compared > 0 ? "/api/changes" : null, compared);
  const instance = query.get("instance") ?? undefined;
  const status = query.get("status") ?? undefined;
  const one = useData<Change>(instance && compared > 0 ? address("/api/change", { id: instance }) : null, compared);
  const how = (query.get("how") ?? (innerWidth < 900 ? "inline" : "side")) as How;
  if (!data) return <><h1>Changes</h1><p className="note"><bdi>{noChanges ?? (comparing ? "Comparing…" : "")}</bdi></p></>;
  const s = data.summary;
  const none = s.added + s.changed + s.deleted + s.moved + s.instances.added + s.instances.changed + s.instances.removed + s.instances.broken + data.definitions.length === 0;
  return (
    <>
      <h1>Changes</h1>
      <p className="muted"><bdi>{data.old}</bdi> → <bdi>{data.new}</bdi></p>
      <dl className="figures">
        <Small name="Added" value={s.added} kind="added" /><Small name="Changed" value={s.changed} kind="changed" /><Small name="Deleted" value={s.deleted} kind="deleted" />
        <Small name="Moved to another wave" value={s.moved} /><Small name="Instances touched" value={s.instances.added + s.instances.changed + s.instances.removed + s.instances.broken} />
        <Small name="Broken" value={s.instances.broken} kind={s.instances.broken ? "error" : ""} /><Small name="Dangers" value={s.dangers} kind={s.dangers ? "error" : ""} />
      </dl>
      <Dangers list={data.dangers} />
      {none && <p className="note">Nothing that is rendered differs.</p>}
      {data.definitions.length > 0 && (
        <details open><summary>{plural(data.definitions.length, "definition")} changed</summary>
          <ul className="plain">{data.definitions.map((d, i) => (
            <li key={i}><Badge kind={d.status}>{d.status}</Badge> <strong><bdi>{d.name}</bdi></strong> {plural(d.instances, "instance")} touched {d.breaking && <Badge kind="error">breaking</Badge>} {d.position && <Place at={d.position} />}
              <span className="muted"> {[["added", d.nodesAdded], ["removed", d.nodesRemoved], ["changed", d.nodesChanged]].filter(([, l]) => l?.length).map(([w, l]) => `${w}: ${(l as string[]).join(", ")}`).join("; ")}</span></li>
          ))}</ul>
        </details>
      )}
      {!none && (
        <>
          <div className="bar">
            <Choice label="Which" value={(status ?? "all") as string} onChange={(v) => setQuery({ status: v === "all" ? undefined : v })} options={[["all", "All"], ["danger", "Only dangers"]]} />
            <Choice<How> label="How" value={how} onChange={(v) => setQuery({ how: v })} options={[["side", "Side by side"], ["inline", "Inline"], ["fields", "Fields"]]} />
          </div>
          <div className="split list-first">
            <LongList<ChangeRow> url="/api/changes/instances" query={{ status }} revision={compared} noun="row" label="Changed instances" height={52}
              row={(r) => (
                <button type="button" className="pick" aria-current={r.id === instance ? "true" : undefined} onClick={() => setQuery({ instance: r.id })}>
                  <span>{r.id === "-" ? "Objects of no instance" : <><span className="muted">{r.kind}</span> <bdi>{r.namespace ? r.namespace + "/" : ""}{r.name}</bdi></>}</span>
                  <span className="small"><Badge kind={r.status}>{r.status}</Badge> <Numbers row={r} /> {r.dangers > 0 && <Badge kind="error">{plural(r.dangers, "danger")}</Badge>}</span>
                </button>
              )} />
            {one.data ? (
              <div className="shown">
                {one.data.findings && <FindingList list={one.data.findings} />}
                <Dangers list={one.data.dangers} />
                {one.data.objects.map((o, i) => <OneDiff key={`${idText(o.object)} ${i}`} diff={o} how={how} />)}
                {one.data.more ? <p className="muted">and {plural(one.data.more, "object")} more: krowave diff lists them</p> : null}
              </div>
            ) : <p className="note">{one.error ?? "Choose an instance."}</p>}
          </div>
        </>
      )}
    </>
  );
}

function Numbers({ row }: { row: { added: number; changed: number; deleted: number; moved: number } }) {
  return <span className="numbers">{row.added > 0 && <span className="added">+{row.added}</span>} {row.changed > 0 && <span className="changed">~{row.changed}</span>} {row.deleted > 0 && <span className="deleted">−{row.deleted}</span>} {row.moved > 0 && <span>→{row.moved}</span>}</span>;
}

function Small({ name, value, kind }: { name: string; value: number; kind?: string }) {
  return <div className={`figure ${value > 0 ? kind ?? "" : ""}`}><dt>{name}</dt><dd><strong>{value.toLocaleString("en")}</strong></dd></div>;
}

export function OneDiff({ diff, how }: { diff: ObjectDiff; how: How }) {
  const [open, setOpen] = useState(true);
  const title = idText(diff.object);
  return (
    <section className="one-diff" aria-label={title}>
      <div className="bar">
        <button type="button" className="icon" aria-expanded={open} aria-label={`${open ? "Fold" : "Unfold"} ${title}`} onClick={() => setOpen(!open)}>{open ? "▾" : "▸"}</button>
        <h3><Badge kind={diff.action}>{diff.action}</Badge> <bdi>{title}</bdi></h3>
        <span className="muted">{diff.node && <code><bdi>{diff.node}</bdi></code>} {diff.reason} {diff.wave && diff.wave.before !== diff.wave.after && diff.wave.before !== undefined && diff.wave.after !== undefined ? `wave ${diff.wave.before} → ${diff.wave.after}` : ""}</span>
      </div>
      {open && (how === "fields" && diff.fields && diff.fields.length > 0 ? (
        <table className="fields"><thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
          <tbody>{diff.fields.map((f, i) => <tr key={i}><th scope="row"><code><bdi>{f.path}</bdi></code></th><td className="deleted"><code>{f.secret ? "<secret value>" : f.before === undefined ? "" : show(f.before)}</code></td><td className="added"><code>{f.secret ? "<secret value>" : f.after === undefined ? "" : show(f.after)}</code></td></tr>)}</tbody>
        </table>
      ) : <Diff before={diff.before} after={diff.after} inline={how !== "side" || !diff.before || !diff.after} label={title} />)}
    </section>
  );
}
