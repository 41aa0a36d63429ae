import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { address, useData, useLive, type Graph, type GraphNode, type NodeDetail, type Point } from "./api";
import { Link, setQuery, useLocation } from "./router";
import { Badge, Place, plural } from "./parts";
import { Code } from "./code";
import { Picker } from "./picker";

export default function GraphPage() {
  const { revision } = useLive();
  const { query } = useLocation();
  const instance = query.get("instance") ?? undefined;
  const definition = query.get("definition") ?? undefined;
  const { data, error, old } = useData<Graph>(instance || definition ? address("/api/graph", instance ? { instance } : { definition }) : null, revision);
  const node = query.get("node");
  const detail = data?.details.find((d) => d.id === node);
  return (
    <>
      <div className="head">
        <h1>Graph</h1>
        <Picker page="/graph" instance={instance} definition={definition} definitions />
      </div>
      {error && <p className={old ? "banner" : "note"}>{error}</p>}
      {!instance && !definition && <p className="note">Choose a definition or an instance.</p>}
      {data && (
        <div className={`split ${data.stale || old ? "stale" : ""}`}>
          <Drawing graph={data} selected={node ?? ""} />
          {detail && <Detail detail={detail} graph={data} />}
        </div>
      )}
    </>
  );
}

function Detail({ detail, graph }: { detail: NodeDetail; graph: Graph }) {
  const node = graph.nodes.find((n) => n.id === detail.id)!;
  const text = (title: string, list?: string[]) => list && list.length > 0 && (
    <><h3>{title}</h3><ul className="plain">{list.map((e, i) => <li key={i}><code><bdi>{e}</bdi></code></li>)}</ul></>
  );
  return (
    <aside className="detail" aria-label={`Node ${detail.id}`}>
      <div className="bar"><h2><bdi>{detail.id}</bdi></h2><button type="button" className="icon" onClick={() => setQuery({ node: undefined })} aria-label="Close">×</button></div>
      <p><Badge kind={node.state}>{words(node)}</Badge> <bdi>{detail.kind}</bdi> <span className="muted">{detail.apiVersion}</span></p>
      <p><Place at={detail.at} /></p>
      {detail.missing && <p className="banner"><bdi>{detail.missing}</bdi>{detail.hint && <span className="muted"> <bdi>{detail.hint}</bdi></span>}</p>}
      {detail.chained && <p>An instance of <Link to="/graph" query={{ definition: detail.chained }}><bdi>{detail.chained}</bdi></Link></p>}
      {detail.objects && detail.objects.length > 0 && (
        <>
          <h3>{plural(detail.objects.length, "object")}</h3>
          <ul className="plain">{detail.objects.slice(0, 50).map((o) => (
            <li key={o.id}><Badge kind="wave">wave {o.wave}</Badge> <Link to="/manifests" query={{ instance: graph.instance, object: o.id }}>{o.kind} <bdi>{o.name}</bdi></Link></li>
          ))}</ul>
          {detail.objects.length > 50 && <p className="muted">and {detail.objects.length - 50} more on the page Manifests</p>}
        </>
      )}
      {text("forEach", detail.forEach)}
      {text("includeWhen", detail.includeWhen)}
      {text("readyWhen", detail.readyWhen)}
      {text("Needs a cluster", detail.because)}
      <h3>{node.state === "external" ? "Reference" : "Template"}</h3>
      <Code text={detail.template} label={`Template of ${detail.id}`} />
    </aside>
  );
}

function words(n: GraphNode) {
  let out = n.state;
  if (n.collection) out += " collection";
  if (n.size !== undefined && (n.collection || n.size > 1)) out += ` of ${n.size}`;
  return n.chained ? `${out}, chained` : out;
}

/** short is what a node has room for: how many objects and its state are not cut off, whatever its kind is called. */
function short(n: GraphNode, limit: number) {
  const many = n.collection || (n.size ?? 0) > 1 ? ` ×${n.size ?? "n"}` : "";
  const end = `${many} · ${n.state}${n.chained ? ", chained" : ""}`;
  return cut(n.kind, Math.max(limit - end.length, 4)) + end;
}

function curve(points: Point[]) {
  return points.map((p, i) => {
    if (i === 0) return `M${p.x} ${p.y}`;
    if (i % 2 === 0) return `L${p.x} ${p.y}`;
    const from = points[i - 1], mid = (p.x - from.x) / 2;
    return `C${from.x + mid} ${from.y} ${p.x - mid} ${p.y} ${p.x} ${p.y}`;
  }).join("");
}

const cut = (s: string, n: number) => ([...s].length <= n ? s : [...s].slice(0, n - 1).join("") + "…");

function Drawing({ graph, selected }: { graph: Graph; selected: string }) {
  const box = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState<number | "fit">("fit");
  const [room, setRoom] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([e]) => setRoom(e.contentRect.width));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const fitted = room > 0 ? Math.min(1.25, Math.max(0.3, room / graph.width)) : 1;
  const scale = zoom === "fit" ? fitted : zoom;
  const step = (f: number) => setZoom(Math.min(3, Math.max(0.1, Math.round(scale * f * 100) / 100)));
  const select = useCallback((id: string) => setQuery({ node: id }), []);
  const order = useMemo(() => graph.nodes.map((n, i) => ({ id: n.id, ...graph.places[i] })), [graph]);
  const key = (e: KeyboardEvent<SVGGElement>, i: number) => {
    if (e.key === "Enter" || e.key === " ") { e.preventDefault(); select(graph.nodes[i].id); return; }
    const to = neighbour(order, i, e.key);
    if (to >= 0) { e.preventDefault(); box.current!.querySelectorAll<SVGGElement>("g.node")[to].focus(); }
  };
  const keys = (e: KeyboardEvent) => {
    if (e.key === "+") step(1.25);
    else if (e.key === "-") step(0.8);
    else if (e.key === "0") setZoom("fit");
  };
  return (
    <section className="drawing" aria-label={`Graph of ${graph.title}`} onKeyDown={keys}>
      <div className="bar">
        <button type="button" onClick={() => step(0.8)} aria-label="Zoom out">−</button>
        <button type="button" onClick={() => step(1.25)} aria-label="Zoom in">+</button>
        <button type="button" onClick={() => setZoom("fit")}>Fit</button>
        <span className="muted" role="status">{Math.round(scale * 100)} %</span>
        <span className="muted optional">{plural(graph.nodes.length, "node")}, arrows lead to what reads</span>
      </div>
      <div className="canvas" ref={box} tabIndex={0} role="group" aria-label="Drawing; arrow keys move between nodes, Enter opens one">
        <svg width={graph.width * scale} height={graph.height * scale} viewBox={`0 0 ${graph.width} ${graph.height}`}>
          <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path className="arrow" d="M0 0L8 4L0 8z" /></marker></defs>
          {graph.columns.map((c, i) => (
            <g key={i}><rect className={`column ${i % 2 ? "odd" : ""}`} x={c.x - 16} y={0} width={c.width + 32} height={graph.height - 8} rx={8} /><text className="wave" x={c.x} y={24}>wave {c.wave}</text></g>
          ))}
          {graph.edges.map((e, i) => (
            <path key={i} className={`edge ${e.fields.length === 0 ? "bare" : ""} ${selected && (e.from === selected || e.to === selected) ? "near" : ""}`} d={curve(graph.routes[i])} markerEnd="url(#arrow)">
              <title>{e.fields.length > 0 ? `${e.to} reads ${e.fields.join(", ")} of ${e.from}` : `${e.to} waits for ${e.from}`}</title>
            </path>
          ))}
          {graph.nodes.map((n, i) => <NodeShape key={n.id} node={n} place={graph.places[i]} selected={n.id === selected} first={i === 0} reads={graph.edges.filter((e) => e.to === n.id).map((e) => e.from)} onKey={(e) => key(e, i)} onSelect={() => select(n.id)} />)}
          {graph.edges.map((e, i) => {
            if (e.fields.length === 0) return null;
            const r = graph.routes[i], to = r[r.length - 1], from = r[r.length - 2];
            const last = e.fields[0].slice(e.fields[0].lastIndexOf(".") + 1) + (e.fields.length > 1 ? ` +${e.fields.length - 1}` : "");
            return <text key={i} className={`label ${selected && (e.from === selected || e.to === selected) ? "near" : ""}`} x={(from.x + to.x) / 2} y={(from.y + to.y) / 2 - 4} textAnchor="middle" aria-hidden="true">{cut(last, 16)}</text>;
          })}
        </svg>
      </div>
      <Legend graph={graph} />
    </section>
  );
}

function neighbour(order: { x: number; y: number }[], i: number, key: string) {
  const dir = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  if (!dir) return -1;
  let best = -1, least = Infinity;
  order.forEach((p, k) => {
    const dx = p.x - order[i].x, dy = p.y - order[i].y;
    const along = dx * dir[0] + dy * dir[1], aside = Math.abs(dx * dir[1]) + Math.abs(dy * dir[0]);
    if (k !== i && along > 0 && along + 2 * aside < least) { best = k; least = along + 2 * aside; }
  });
  return best;
}

function NodeShape({ node, place, selected, first, reads, onKey, onSelect }: {
  node: GraphNode; place: { x: number; y: number; width: number; height: number }; selected: boolean; first: boolean; reads: string[];
  onKey: (e: KeyboardEvent<SVGGElement>) => void; onSelect: () => void;
}) {
  const { x, y, width, height } = place;
  const round = node.state === "external" ? height / 2 : 6;
  const label = `${node.title} ${node.kind} · ${words(node)}, wave ${node.wave}${reads.length ? `, reads ${reads.join(", ")}` : ""}`;
  return (
    <g className={`node ${node.state} ${selected ? "selected" : ""}`} role="button" tabIndex={first || selected ? 0 : -1} aria-pressed={selected} onClick={onSelect} onKeyDown={onKey} data-node={node.id}>
      <title>{label}</title>
      {node.collection && <rect className="box" x={x + 5} y={y + 5} width={width} height={height} rx={round} />}
      <rect className="box" x={x} y={y} width={width} height={height} rx={round} />
      {node.chained && <rect className="inner" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={Math.max(round - 3, 0)} />}
      <text className="name" x={x + 14} y={y + 23}>{cut(node.title, 22)}</text>
      <text className="kind" x={x + 14} y={y + 42}>{short(node, 28)}</text>
    </g>
  );
}

function Legend({ graph }: { graph: Graph }) {
  const used = new Set(graph.nodes.map((n) => n.state));
  const all: [string, string][] = [
    ["static", "known from Git"], ["runtime", "needs a cluster"], ["pending", "waits for a cluster"], ["external", "an object that is there already"],
    ["skipped", "left out by includeWhen"], ["failed", "has an error"],
  ];
  return (
    <ul className="legend" aria-label="Legend">
      {all.filter(([s]) => used.has(s)).map(([s, t]) => <li key={s}><span className={`swatch ${s}`} aria-hidden="true" />{s}: {t}</li>)}
      {graph.nodes.some((n) => n.collection) && <li><span className="swatch stack" aria-hidden="true" />collection: several objects</li>}
      {graph.nodes.some((n) => n.chained) && <li><span className="swatch chained" aria-hidden="true" />chained: an instance itself</li>}
    </ul>
  );
}
