// Addresses of pages: a path and a query, so that they can be passed on.
import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from "react";
import { address, type Query } from "./api";

const listeners = new Set<() => void>();
function subscribe(f: () => void) {
  listeners.add(f);
  return () => void listeners.delete(f);
}
window.addEventListener("popstate", () => listeners.forEach((f) => f()));

export function go(to: string, replace = false) {
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  listeners.forEach((f) => f());
}

export function useLocation() {
  const text = useSyncExternalStore(subscribe, () => location.pathname + location.search);
  const url = new URL(text, location.origin);
  return { path: url.pathname, query: url.searchParams };
}

/** setQuery changes parts of the query of the page that is open. */
export function setQuery(change: Query, replace = true) {
  const q = new URLSearchParams(location.search);
  for (const [k, v] of Object.entries(change)) {
    if (v === undefined || v === "") q.delete(k);
    else q.set(k, String(v));
  }
  const text = q.toString();
  go(location.pathname + (text ? `?${text}` : ""), replace);
}

export function Link({ to, query, ...rest }: { to: string; query?: Query } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const href = address(to, query);
  const click = (e: MouseEvent<HTMLAnchorElement>) => {
    rest.onClick?.(e);
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    go(href);
  };
  return <a {...rest} href={href} onClick={click} />;
}
