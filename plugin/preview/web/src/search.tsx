import { useEffect, useState } from "react";
import { Autocomplete, Dialog, Input, Menu, MenuItem, Modal, ModalOverlay, SearchField } from "react-aria-components";
import { get, type Hit } from "./api";
import { go } from "./router";
import { address } from "./api";

const pages: Record<string, (id: string) => string> = {
  definition: (id) => address("/graph", { definition: id }),
  instance: (id) => address("/manifests", { instance: id }),
  object: (id) => address("/manifests", { object: id }),
  finding: () => "/",
};

/** Search looks in everything. */
export default function Search({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [hits, setHits] = useState<Hit[]>([]);
  useEffect(() => {
    const control = new AbortController();
    const wait = setTimeout(() => {
      get<Hit[]>(address("/api/search", { q: text }), control.signal).then(setHits, () => undefined);
    }, 80);
    return () => { clearTimeout(wait); control.abort(); };
  }, [text]);
  return (
    <ModalOverlay isOpen isDismissable onOpenChange={(open) => { if (!open) close(); }} className="overlay">
      <Modal className="modal">
        <Dialog aria-label="Search everything" className="palette">
          <Autocomplete inputValue={text} onInputChange={setText}>
            <SearchField aria-label="Search definitions, instances, objects and findings" autoFocus>
              <Input placeholder="Search definitions, instances, objects, findings" />
            </SearchField>
            <Menu aria-label="Results" items={hits.map((h, i) => ({ ...h, key: `${i} ${h.type} ${h.id}` }))} className="hits"
              renderEmptyState={() => <p className="muted">Nothing found</p>}
              onAction={(key) => {
                const h = hits[Number(String(key).split(" ")[0])];
                close();
                go(pages[h.type](h.id));
              }}>
              {(h) => (
                <MenuItem id={h.key} textValue={h.title}>
                  <span className="type">{h.type}</span> <bdi>{h.title}</bdi> <span className="muted"><bdi>{h.note}</bdi></span>
                </MenuItem>
              )}
            </Menu>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
