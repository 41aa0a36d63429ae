// Compresses what a build made into dist, which is embedded and committed, and lists the licences of the packages in
// it. With --check, it compares instead, and fails when dist is not what the sources make.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const here = join(dirname(fileURLToPath(import.meta.url)), "..");
const check = process.argv.includes("--check");

function files(dir, below = "") {
  return readdirSync(join(dir, below), { withFileTypes: true })
    .flatMap((e) => (e.isDirectory() ? files(dir, join(below, e.name)) : [join(below, e.name)]))
    .sort();
}

// Packages are embedded when something that is not only for development needs them.
function licences() {
  const lock = JSON.parse(readFileSync(join(here, "package-lock.json"), "utf8"));
  let out = "Licences of the packages in the pages of krowave preview. Made by npm run build.\n";
  for (const [path, entry] of Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = path.replace(/^.*node_modules\//, "");
    if (path === "" || entry.dev || entry.optional || name.startsWith("@types/")) continue;
    const dir = join(here, path);
    const text = readdirSync(dir).filter((f) => /^(licen[sc]e|copying)/i.test(f)).sort().map((f) => readFileSync(join(dir, f), "utf8").trim());
    out += `\n${"=".repeat(80)}\n${name} ${entry.version} (${entry.license ?? "see below"})\n\n${text.join("\n\n") || "The package has no text of its licence."}\n`;
  }
  return out;
}

const made = new Map(files(join(here, "build")).map((f) => [f, readFileSync(join(here, "build", f))]));
made.set("assets/licences.txt", Buffer.from(licences()));
const dist = join(here, "dist");
let size = 0;
if (!check) {
  rmSync(dist, { recursive: true, force: true });
  for (const [name, data] of made) {
    const to = join(dist, name + ".gz");
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, gzipSync(data, { level: 9 }));
    size += statSync(to).size;
  }
} else {
  const there = existsSync(dist) ? files(dist) : [];
  const wrong = [];
  for (const [name, data] of made) {
    const path = join(dist, name + ".gz");
    if (!existsSync(path)) wrong.push(`${name} is missing`);
    else if (!gunzipSync(readFileSync(path)).equals(data)) wrong.push(`${name} differs`);
    else size += statSync(path).size;
  }
  for (const f of there) if (!made.has(f.replace(/\.gz$/, ""))) wrong.push(`${f} is not made any more`);
  if (wrong.length > 0) {
    console.error(`dist is not what the sources make: run make web\n${wrong.join("\n")}`);
    process.exit(1);
  }
}
console.log(`${made.size} files, ${Math.round(size / 1024)} KiB compressed`);
if (size > 3 << 20) {
  console.error("that is more than 3 MiB");
  process.exit(1);
}
