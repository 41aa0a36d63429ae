// Chooses the instance or the definition that a page is about.
import { useState } from "react";
import { ComboBox, Input, ListBox, ListBoxItem, Popover, Button, Label } from "react-aria-components";
import { address, useData, useLive, type DefinitionRow, type InstanceRow, type Page } from "./api";
import { go } from "./router";

export function Picker({ page, instance, definition, definitions, instances = true }: { page: string; instance?: string; definition?: string; definitions?: boolean; instances?: boolean }) {
  const { revision } = useLive();
  const chosen = instance ?? definition ?? "";
  const [text, setText] = useState<string | null>(null);
  const filter = text === null || text === chosen ? "" : text;
  const found = useData<Page<InstanceRow>>(instances ? address("/api/instances", { q: filter, limit: 40 }) : null, revision);
  const defined = useData<Page<DefinitionRow>>(definitions ? address("/api/definitions", { q: filter, limit: 40 }) : null, revision);
  const items = [
    ...(definitions ? defined.data?.items ?? [] : []).map((d) => ({ key: `definition ${d.id}`, title: d.id, note: `definition of ${d.kind}` })),
    ...(instances ? found.data?.items ?? [] : []).map((i) => ({ key: `instance ${i.id}`, title: i.id, note: i.file })),
  ];
  return (
    <ComboBox className="picker" aria-label="Shown" items={items} inputValue={text ?? chosen} onInputChange={setText} menuTrigger="focus" allowsEmptyCollection
      onSelectionChange={(key) => {
        if (key === null) return;
        const [kind, ...rest] = String(key).split(" ");
        setText(null);
        go(address(page, { [kind]: rest.join(" ") }));
      }}
      onBlur={() => setText(null)}>
      <Label>{definitions && instances ? "Definition or instance" : definitions ? "Definition" : "Instance"}</Label>
      <div className="field"><Input placeholder="Choose…" dir="auto" /><Button aria-label="Choose">▾</Button></div>
      <Popover className="popover">
        <ListBox className="hits" renderEmptyState={() => <p className="muted">Nothing found</p>}>
          {(item: { key: string; title: string; note: string }) => <ListBoxItem id={item.key} textValue={item.title}><bdi>{item.title}</bdi> <span className="muted"><bdi>{item.note}</bdi></span></ListBoxItem>}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
