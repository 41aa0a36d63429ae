import { useState } from "react";
import { useData, useLive, type Finding, type Page } from "./api";
import { Badge, Place, plural } from "./parts";

/** Findings are on top of every page while there are errors. */
export function Findings() {
  const { revision, overview } = useLive();
  const [limit, setLimit] = useState(3);
  const { data } = useData<Page<Finding>>(`/api/findings?status=error&limit=${limit}`, revision);
  if (!overview || !data) return null;
  return (
    <section className="banner error" aria-label="Errors" role="alert">
      <h2>{plural(overview.errors, "error")}{overview.stale > 0 && ` · ${plural(overview.stale, "instance")} shown as of the last good render`}</h2>
      <FindingList list={data.items} />
      {data.total > data.items.length && <button type="button" onClick={() => setLimit(limit + 50)}>Show more of {data.total}</button>}
    </section>
  );
}

/** FindingList shows findings; those in the text that somebody tries have no file. */
export function FindingList({ list, tried }: { list: Finding[]; tried?: string }) {
  return (
    <ul className="findings">
      {list.map((f, i) => (
        <li key={i}>
          <Badge kind={f.severity}>{f.severity}</Badge> {f.file === tried ? <span className="muted">line {f.line}</span> : <Place at={f} />} <bdi>{f.message}</bdi> <code>{f.rule}</code>
          {f.object && <span className="muted"> <bdi>{f.object}</bdi></span>}
          {f.hint && <p className="hint"><bdi>{f.hint}</bdi></p>}
        </li>
      ))}
    </ul>
  );
}
