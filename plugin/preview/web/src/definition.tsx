import { useState } from "react";
import { address, useData, useLive, type Definition, type Field, type InstanceRow } from "./api";
import { Link, useLocation } from "./router";
import { CopyButton, Place, plural } from "./parts";
import { Code } from "./code";
import { LongList } from "./list";
import { Picker } from "./picker";

export default function DefinitionPage() {
  const { revision } = useLive();
  const { query } = useLocation();
  const definition = query.get("definition") ?? undefined;
  const { data, error, old } = useData<Definition>(definition ? address("/api/definition", { id: definition }) : null, revision);
  const [filter, setFilter] = useState("");
  return (
    <>
      <div className="head"><h1>Definition</h1><Picker page="/definition" definition={definition} definitions instances={false} /></div>
      {!definition && <p className="note">Choose a definition.</p>}
      {error && <p className="banner"><bdi>{error}</bdi></p>}
      {data && (
        <div className={data.stale || old ? "stale" : ""}>
          <p><strong><bdi>{data.doc.kind}</bdi></strong> <code>{data.doc.apiVersion}</code> <span className="muted">{data.doc.namespaced ? "namespaced" : "of the cluster"}, defined by the RGD <bdi>{data.doc.rgd}</bdi></span> <Place at={{ file: data.file, line: data.line, column: 1 }} />
            <span className="links"><Link to="/graph" query={{ definition: data.id }}>graph</Link> <Link to="/try" query={{ definition: data.id }}>try</Link></span></p>
          <div className="bar"><h2>spec</h2><label className="filter grow"><span>Filter</span><input type="search" value={filter} onChange={(e) => setFilter(e.target.value)} /></label></div>
          <Fields list={data.doc.spec.filter((f) => f.path.toLowerCase().includes(filter.toLowerCase()))} />
          {data.doc.status.length > 0 && <><h2>status</h2><Fields list={data.doc.status} /></>}
          <div className="bar"><h2>Example</h2><CopyButton text={data.doc.example}>Copy</CopyButton></div>
          <Code text={data.doc.example} label="Example" />
          <h2>Used by {plural(data.instances, "instance")}</h2>
          <LongList<InstanceRow> url="/api/instances" query={{ definition: data.id }} revision={revision} noun="instance" label="Instances" className="short"
            row={(i) => <div className="row"><Link to="/manifests" query={{ instance: i.id }} className="name"><span className="muted">{i.kind}</span> <bdi>{i.namespace ? i.namespace + "/" : ""}{i.name}</bdi></Link><span className="file optional"><Place at={{ file: i.file, line: i.line, column: 1 }} /></span></div>} />
        </div>
      )}
    </>
  );
}

function Fields({ list }: { list: Field[] }) {
  if (list.length === 0) return <p className="muted">No fields.</p>;
  return (
    <div className="wide-table" tabIndex={0} role="region" aria-label="Fields">
      <table className="fields">
        <thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Default</th><th scope="col">Description</th></tr></thead>
        <tbody>{list.map((f) => (
          <tr key={f.path}>
            <th scope="row"><code style={{ paddingInlineStart: `${f.depth}rem` }}><bdi>{f.path}</bdi></code>{f.required && <span className="required"> required</span>}</th>
            <td><code>{f.type}</code></td>
            <td>{f.default !== undefined && <code><bdi>{f.default}</bdi></code>}</td>
            <td><bdi>{f.description}</bdi>{f.enum && <p className="muted">one of {f.enum.map((e, i) => <span key={e}>{i > 0 && ", "}<code><bdi>{e}</bdi></code></span>)}</p>}{f.rules?.map((r) => <p key={r} className="muted"><bdi>{r}</bdi></p>)}</td>
          </tr>
        ))}</tbody>
      </table>
    </div>
  );
}
