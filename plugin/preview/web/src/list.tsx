// A long list: the server has it, parts of it are asked for when they are to be seen.
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { address, get, type Page, type Query } from "./api";
import { plural } from "./parts";

const part = 100;
const near = 20; // parts that are kept on both sides of what is seen

export function LongList<T extends { id: string }>(props: {
  url: string; query: Query; revision: number; noun: string; label: string; row: (item: T) => ReactNode; height?: number; className?: string; stale?: (item: T) => boolean;
}) {
  const { url, query, revision, noun, label, row, height = 44 } = props;
  const base = address(url, query);
  const [state, setState] = useState<{ base: string; total: number; parts: Map<number, T[]>; error?: string }>({ base: "", total: 0, parts: new Map() });
  const scroll = useRef<HTMLDivElement>(null);
  const current = state.base === base ? state : { base, total: state.total, parts: new Map<number, T[]>() };
  const rows = useVirtualizer({ count: current.total, getScrollElement: () => scroll.current, estimateSize: () => height, overscan: 12 });
  const items = rows.getVirtualItems();
  const first = Math.floor((items[0]?.index ?? 0) / part);
  const last = Math.floor((items.at(-1)?.index ?? 0) / part);
  useEffect(() => {
    const control = new AbortController();
    const wanted = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    void Promise.all(wanted.map((p) => get<Page<T>>(address(url, { ...query, offset: p * part, limit: part }), control.signal).then((page) => [p, page] as const))).then(
      (got) => setState((was) => {
        const parts = new Map(was.base === base ? [...was.parts].filter(([p]) => Math.abs(p - first) <= near) : []);
        for (const [p, page] of got) parts.set(p, page.items);
        return { base, total: got[0][1].total, parts };
      }),
      (e: Error) => { if (!control.signal.aborted) setState((was) => ({ ...was, base, error: e.message })); },
    );
    return () => control.abort();
  }, [base, revision, first, last]);
  return (
    <div className={`list ${props.className ?? ""}`}>
      <p className="muted count" role="status">{state.error ?? plural(current.total, noun)}</p>
      <div className="scroll" ref={scroll} tabIndex={0} role="region" aria-label={label}>
        <ul style={{ height: rows.getTotalSize() }} aria-label={label}>
          {items.map((v) => {
            const item = current.parts.get(Math.floor(v.index / part))?.[v.index % part];
            return (
              <li key={v.index} style={{ height: v.size, transform: `translateY(${v.start}px)` }} aria-setsize={current.total} aria-posinset={v.index + 1}
                className={item && props.stale?.(item) ? "stale" : undefined}>
                {item ? row(item) : <span className="muted">…</span>}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
