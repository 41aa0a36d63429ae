import { useData, useLive, type Changes, type DefinitionRow, type InstanceRow, type ObjectRow, type Finding, type Page } from "./api";
import { Link, setQuery, useLocation } from "./router";
import { Badge, Choice, Dangers, Place, plural } from "./parts";
import { LongList } from "./list";
import { FindingList } from "./findings";

type Tab = "instances" | "definitions" | "objects" | "findings";

export function Overview() {
  const { revision, overview, compared, noChanges } = useLive();
  const { query } = useLocation();
  const tab = (query.get("tab") ?? "instances") as Tab;
  const changes = useData<Changes>(compared > 0 ? "/api/changes" : null, compared);
  const o = overview!;
  const param = (name: string) => query.get(name) ?? undefined;
  const filters = { q: param("q"), kind: param("kind"), namespace: param("namespace"), project: param("project"), status: param("status") };
  const kinds = tab === "objects" ? o.objectKinds : o.kinds;
  return (
    <>
      <h1>Overview</h1>
      <dl className="figures">
        <Figure name="Definitions" value={o.definitions} />
        <Figure name="Instances" value={o.instances} note={[o.pending && `${o.pending} pending`, o.broken && `${o.broken} with errors`, o.stale && `${o.stale} old`].filter(Boolean).join(", ")} />
        <Figure name="Objects" value={o.objects} note={o.passThrough ? `${o.passThrough} passed through` : ""} />
        <Figure name="Findings" value={o.errors + o.warnings} note={o.errors ? plural(o.errors, "error") : ""} kind={o.errors ? "error" : o.warnings ? "warning" : ""} />
        {changes.data && <Figure name="Changed objects" value={changes.data.summary.added + changes.data.summary.changed + changes.data.summary.deleted} note={`since ${changes.data.old}`} to="/changes" />}
        {changes.data && <Figure name="Dangers" value={changes.data.summary.dangers} kind={changes.data.summary.dangers ? "error" : ""} to="/changes" />}
      </dl>
      {changes.data && <Dangers list={changes.data.dangers.slice(0, 3)} />}
      {noChanges && <p className="muted"><bdi>No comparison: {noChanges}</bdi></p>}
      <div className="bar">
        <Choice label="List" value={tab} onChange={(t) => setQuery({ tab: t === "instances" ? undefined : t, kind: undefined, status: undefined })}
          options={[["instances", "Instances"], ["definitions", "Definitions"], ["objects", "Objects"], ["findings", "Findings"]]} />
        <label className="filter grow"><span>Filter</span><input type="search" value={filters.q ?? ""} onChange={(e) => setQuery({ q: e.target.value })} /></label>
        {(tab === "instances" || tab === "objects") && <Select label="Kind" value={filters.kind} options={kinds.map((k) => k.name)} name="kind" />}
        {(tab === "instances" || tab === "objects") && o.namespaces.length > 1 && <Select label="Namespace" value={filters.namespace} options={o.namespaces.map((k) => k.name)} name="namespace" />}
        {tab !== "findings" && o.projects.length > 1 && <Select label="Project" value={filters.project} options={o.projects.map((k) => k.name)} name="project" />}
        {tab === "instances" && <Select label="Status" value={filters.status} options={["ok", "pending", "error", "stale"]} name="status" />}
        {tab === "findings" && <Select label="Severity" value={filters.status} options={["error", "warning", "info"]} name="status" />}
      </div>
      {tab === "instances" && <LongList<InstanceRow> key="i" url="/api/instances" query={filters} revision={revision} noun="instance" label="Instances" stale={(i) => i.status === "stale"} row={instanceRow} />}
      {tab === "definitions" && <LongList<DefinitionRow> key="d" url="/api/definitions" query={{ q: filters.q, project: filters.project }} revision={revision} noun="definition" label="Definitions" stale={(d) => !!d.stale} row={definitionRow} />}
      {tab === "objects" && <LongList<ObjectRow> key="o" url="/api/objects" query={{ ...filters, status: undefined }} revision={revision} noun="object" label="Objects" stale={(d) => !!d.stale} row={objectRow} />}
      {tab === "findings" && <AllFindings q={filters.q} status={filters.status} />}
    </>
  );
}

function AllFindings({ q, status }: { q?: string; status?: string }) {
  const { revision } = useLive();
  const params = new URLSearchParams({ limit: "500" });
  if (q) params.set("q", q);
  if (status) params.set("status", status);
  const { data } = useData<Page<Finding>>(`/api/findings?${params}`, revision);
  if (!data) return null;
  if (data.total === 0) return <p className="muted">Nothing is wrong.</p>;
  return <FindingList list={data.items} />;
}

function Figure({ name, value, note, kind, to }: { name: string; value: number; note?: string; kind?: string; to?: string }) {
  return (
    <div className={`figure ${kind ?? ""}`}>
      <dt>{to ? <Link to={to}>{name}</Link> : name}</dt>
      <dd><strong>{value.toLocaleString("en")}</strong>{note && <span className="muted"> <bdi>{note}</bdi></span>}</dd>
    </div>
  );
}

function Select({ label, value, options, name }: { label: string; value?: string; options: string[]; name: string }) {
  const none = "\u0000";
  return (
    <label className="filter"><span>{label}</span>
      <select value={value ?? none} onChange={(e) => setQuery({ [name]: e.target.value === none ? undefined : e.target.value })}>
        <option value={none}>all</option>
        {options.map((o) => <option key={o} value={o}>{o === "" ? "(none)" : o}</option>)}
      </select>
    </label>
  );
}

export const statusWords: Record<string, string> = { ok: "ok", pending: "pending", error: "error", stale: "old" };

function instanceRow(i: InstanceRow) {
  return (
    <div className="row">
      <Badge kind={i.status}>{statusWords[i.status]}</Badge>
      <Link to="/manifests" query={{ instance: i.id }} className="name"><span className="muted">{i.kind}</span> <bdi>{i.namespace ? i.namespace + "/" : ""}{i.name}</bdi></Link>
      <span className="muted optional">{plural(i.objects, "object")}</span>
      <Link to="/graph" query={{ instance: i.id }} className="optional" aria-label={`Graph of ${i.name}`}>graph</Link>
      <Link to="/try" query={{ instance: i.id }} className="optional" aria-label={`Try ${i.name}`}>try</Link>
      <span className="file optional"><Place at={{ file: i.file, line: i.line, column: 1 }} /></span>
    </div>
  );
}

function definitionRow(d: DefinitionRow) {
  return (
    <div className="row">
      <Link to="/graph" query={{ definition: d.id }} className="name"><bdi>{d.name}</bdi> <span className="muted"><bdi>{d.kind}</bdi></span></Link>
      <span className="muted optional">{plural(d.nodes, "node")}</span>
      <span className="muted optional">{plural(d.instances, "instance")}</span>
      <Link to="/definition" query={{ definition: d.id }} aria-label={`API of ${d.name}`}>API</Link>
      <Link to="/try" query={{ definition: d.id }} className="optional" aria-label={`Try ${d.name}`}>try</Link>
      <span className="file optional"><Place at={{ file: d.file, line: d.line, column: 1 }} /></span>
    </div>
  );
}

function objectRow(o: ObjectRow) {
  return (
    <div className="row">
      {o.wave !== undefined ? <Badge kind="wave">wave {o.wave}</Badge> : <Badge kind="wave">as is</Badge>}
      <Link to="/manifests" query={{ object: o.id, instance: o.instance }} className="name"><span className="muted">{o.kind}</span> <bdi>{o.namespace ? o.namespace + "/" : ""}{o.name}</bdi></Link>
      {o.node && <span className="muted optional"><bdi>{o.node}</bdi></span>}
    </div>
  );
}
