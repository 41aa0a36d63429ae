// Links that open a file in an editor. A path may hold anything that a file name may.
export type Editor = "none" | "vscode" | "idea";
export const editors: [Editor, string][] = [["none", "copied"], ["vscode", "opened in VS Code"], ["idea", "opened in IntelliJ IDEA"]];

const key = "krowave-editor";

/** chosen is what somebody chose in the page, or what the command says. */
export function chosen(ofCommand: string): Editor {
  const own = localStorage.getItem(key) ?? ofCommand;
  return editors.find(([id]) => id === own)?.[0] ?? "none";
}

export function choose(editor: Editor) {
  localStorage.setItem(key, editor);
}

/** editorLink is the address that opens a file at a line, "" for none. */
export function editorLink(editor: Editor, dir: string, at: { file: string; line: number; column: number }): string {
  const file = absolute(dir, at.file);
  const encoded = file.split("/").map((part, i) => (i === 1 && /^[A-Za-z]:$/.test(part) ? part : encodeURIComponent(part))).join("/");
  if (editor === "vscode") return `vscode://file${encoded}:${at.line}:${at.column}`;
  if (editor === "idea") return `idea://open?file=${encodeURIComponent(file.replace(/^\/([A-Za-z]:)/, "$1"))}&line=${at.line}&column=${at.column}`;
  return "";
}

/** absolute begins with a slash, also before the drive of Windows, and has no dots that leave a directory. */
function absolute(dir: string, file: string): string {
  const out: string[] = [];
  for (const part of (/^(\/|[A-Za-z]:\/)/.test(file) ? file : `${dir}/${file}`).split("/")) {
    if (part === "..") out.pop();
    else if (part !== "" && part !== ".") out.push(part);
  }
  return "/" + out.join("/");
}
