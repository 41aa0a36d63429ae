import { Suspense, lazy, useEffect, useMemo, useState, type ReactNode } from "react";
import { StateContext, type State } from "./api";
import { Link, useLocation } from "./router";
import { Overview } from "./overview";
import { Findings } from "./findings";
import { choose, chosen, editors, type Editor } from "./editor";
import { toggleTheme } from "./theme";

// Not needed for the first paint, and loaded right after it.
const search = () => import("./search");
const Search = lazy(search);
const GraphPage = lazy(() => import("./graph"));
const Manifests = lazy(() => import("./manifests"));
const ChangesPage = lazy(() => import("./changes"));
const Try = lazy(() => import("./try"));
const DefinitionPage = lazy(() => import("./definition"));

const pages: { path: string; name: string; page: () => ReactNode }[] = [
  { path: "/", name: "Overview", page: () => <Overview /> },
  { path: "/graph", name: "Graph", page: () => <GraphPage /> },
  { path: "/manifests", name: "Manifests", page: () => <Manifests /> },
  { path: "/changes", name: "Changes", page: () => <ChangesPage /> },
  { path: "/try", name: "Try", page: () => <Try /> },
  { path: "/definition", name: "Definition", page: () => <DefinitionPage /> },
];

function useEvents(): { state: State | null; connected: boolean } {
  const [state, setState] = useState<State | null>(null);
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    const events = new EventSource("/api/events");
    events.addEventListener("state", (e) => {
      setConnected(true);
      setState(JSON.parse((e as MessageEvent<string>).data) as State);
    });
    events.onerror = () => setConnected(false);
    return () => events.close();
  }, []);
  return { state, connected };
}

export function App() {
  const { state: newest, connected } = useEvents();
  const [editor, setEditor] = useState<Editor | null>(null);
  const state = useMemo(() => newest && { ...newest, editor: editor ?? chosen(newest.editor) }, [newest, editor]);
  const { path, query } = useLocation();
  const [searching, setSearching] = useState(false);
  const current = pages.find((p) => p.path === path) ?? pages[0];
  const kept = carry(query);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement;
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || at.closest("input, textarea, select, [contenteditable=true]")) return;
      e.preventDefault();
      setSearching(true);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);
  const shown = state?.overview !== undefined;
  useEffect(() => {
    if (!shown) return;
    const soon = setTimeout(() => void search(), 500);
    return () => clearTimeout(soon);
  }, [shown]);
  useEffect(() => {
    document.title = `${current.name} · ${state?.title ?? ""} · krowave`;
  }, [current, state?.title]);
  return (
    <StateContext value={state}>
      <a className="skip" href="#main">Skip to content</a>
      <header className="top">
        <Link to="/" className="brand"><img src="/assets/icon.svg" alt="" width="24" height="24" /><span>krowave</span></Link>
        <span className="where" title={state?.title}><bdi>{state?.title}</bdi></span>
        <Status state={state} connected={connected} />
        <button type="button" className="search-button" aria-label="Search" onClick={() => setSearching(true)}>
          <span aria-hidden="true">⌕</span> <span className="wide">Search</span> <kbd aria-hidden="true">/</kbd>
        </button>
        <button type="button" className="icon" onClick={toggleTheme} aria-label="Switch between light and dark"><span aria-hidden="true">◐</span></button>
      </header>
      <nav className="pages" aria-label="Pages">
        {pages.map((p) => (
          <Link key={p.path} to={p.path} query={p.path === "/" ? {} : kept(p.path)} aria-current={p === current ? "page" : undefined}>{p.name}</Link>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        {state?.problem && <p className="banner error" role="alert"><strong>The newest state cannot be read, what is shown is older.</strong> {state.problem}</p>}
        {state?.overview && (state.overview.errors > 0) && <Findings />}
        {state?.overview ? <Suspense fallback={<p className="note">Loading…</p>}>{current.page()}</Suspense>
          : !state?.problem && <p className="note" role="status">Rendering for the first time…</p>}
      </main>
      <footer className="foot">
        <label className="filter"><span>A position in a file is</span>
          <select value={state?.editor ?? "none"} onChange={(e) => { const to = e.target.value as Editor; choose(to); setEditor(to); }}>
            {editors.map(([id, name]) => <option key={id} value={id}>{name}</option>)}
          </select>
        </label>
        <a href="/assets/licences.txt">Licences</a>
      </footer>
      {searching && <Suspense><Search close={() => setSearching(false)} /></Suspense>}
    </StateContext>
  );
}

/** carry keeps what is selected when another page is opened. */
function carry(query: URLSearchParams) {
  const instance = query.get("instance") ?? undefined;
  const definition = query.get("definition") ?? undefined;
  return (path: string) => {
    if (path === "/definition") return { definition };
    return { instance: instance === "-" ? undefined : instance, definition };
  };
}

function Status({ state, connected }: { state: State | null; connected: boolean }) {
  let [kind, text] = ["ok", "live"];
  if (!connected) [kind, text] = ["error", "not connected"];
  else if (!state || state.rendering) [kind, text] = ["busy", "rendering"];
  else if (state.problem) [kind, text] = ["error", "stopped"];
  else if (state.comparing) [kind, text] = ["busy", "comparing"];
  return <span className={`status ${kind}`} role="status" data-revision={state?.revision ?? 0} data-compared={state?.compared ?? 0}>{text}</span>;
}
