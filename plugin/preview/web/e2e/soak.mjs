// Saves files below a preview again and again: edits, breaks, mends, other names, other branches. What the server and the
// page hold must not grow with the number of saves. KROWAVE_SOAK_SAVES says how many there are, default 2,000. A client
// follows the events all the time, and a browser the first tenth. Linux only: it asks the system.
import assert from "node:assert/strict";
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Events, pageMemory, session, system } from "./server.mjs";
import { World, launch, open } from "./world.mjs";

const examples = new URL("../../../../examples/shop", import.meta.url).pathname;
const most = Number(process.env.KROWAVE_SOAK_SAVES ?? 2000);
const file = "definitions/shop.yaml", database = "definitions/database.yaml";

/** goroutines ends a server with SIGQUIT, upon which Go lists them. */
async function goroutines(world) {
  let text = "";
  world.process.stderr.on("data", (d) => { text += d; });
  const ended = new Promise((done) => world.process.once("close", done));
  world.process.kill("SIGQUIT");
  await ended;
  return (text.match(/^goroutine \d+ /gm) ?? []).length;
}

/** soak makes some saves, and returns what the server held after a tenth of them and at the end. */
async function soak(saves) {
  const world = new World({}, examples);
  world.git("branch", "other");
  process.env.GODEBUG = "gctrace=1"; // a line for each collection, with the heap that it left
  await world.serve("--base", "main", ".", { stderr: "pipe" });
  delete process.env.GODEBUG;
  const heaps = [];
  let rest = "";
  world.process.stderr.on("data", (d) => {
    const lines = (rest + d).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const m = /^gc \d+ .*->(\d+) MB,/.exec(line);
      if (m) heaps.push(Number(m[1]));
    }
  });
  const events = new Events(world, await session(world));
  await events.settled(0);
  const browser = await launch();
  const page = await open(browser, world);
  await page.goto(`${world.origin}/graph?definition=shop`);
  await page.locator("g.node").first().waitFor();
  const first = await pageMemory(page);
  let page_end;

  const text = readFileSync(join(world.dir, file), "utf8"), inner = readFileSync(join(world.dir, database), "utf8");
  const move = (from, to) => renameSync(join(world.dir, from), join(world.dir, to));
  const kinds = [
    (n) => world.write(file, text + `# edit ${n}\n`),
    () => world.write(file, text.replace("${schema.spec.replicas}", "${schema.spec.replcas}")), // broken
    () => world.write(file, text),
    (n) => { world.write(database + ".new", inner.replaceAll("5432", String(5433 + (n % 1000)))); move(database + ".new", database); }, // as editors save
    () => move("definitions", "moved"),
    () => move("moved", "definitions"),
    () => world.write(database, inner),
    () => world.write("extra/deep/extra.yaml", "apiVersion: shop.example.com/v1alpha1\nkind: Shop\nmetadata: {name: extra, namespace: extra}\nspec: {image: a, host: a.example.com}\n"),
    () => { world.git("stash", "-q", "-u"); world.git("stash", "drop", "-q"); }, // the new directory is gone
    (n) => { world.git("checkout", "-q", "other"); world.write(file, text + `# other ${n}\n`); world.git("commit", "-q", "-a", "-m", `other ${n}`); world.git("checkout", "-q", "main"); },
  ];
  const early = [], late = [];
  for (let n = 0; n < saves; n++) {
    const { revision } = events.last;
    kinds[n % kinds.length](n);
    await events.settled(revision);
    if (n === Math.floor(saves / 10) - 1) {
      page_end = await pageMemory(page);
      await browser.close();
    }
    if (n % 10 === 9) { // the same state of the files as ten saves before
      const now = { ...system(world.process.pid), heap: heaps.at(-1) ?? 0, saves: n + 1 };
      if (n >= saves / 10) (n < saves * 0.4 ? early : n >= saves * 0.7 ? late : []).push(now);
      if ((n + 1) % Math.max(saves / 10, 10) === 0) console.log(JSON.stringify(now));
    }
  }
  events.close();
  const count = await goroutines(world);
  return { early, late, goroutines: count, first, page: page_end };
}

const least = (list, name) => Math.min(...list.map((v) => v[name]));
const few = await soak(20), many = await soak(most);
console.log(`goroutines at the end: ${few.goroutines} after 20 saves, ${many.goroutines} after ${most}`);
console.log(`the page: ${JSON.stringify(many.first)}, after ${Math.floor(most / 10)} saves ${JSON.stringify(many.page)}`);
for (const name of ["heap", "resident", "files", "watches", "threads"]) console.log(`${name}: ${least(many.early, name)} early, ${least(many.late, name)} late`);
assert.ok(many.goroutines <= few.goroutines + 8, "goroutines grow"); // connections come and go
for (const [name, more] of [["files", 4], ["watches", 0], ["heap", 4]]) {
  assert.ok(least(many.late, name) <= least(many.early, name) + more, `${name} grow: ${least(many.early, name)} to ${least(many.late, name)}`);
}
assert.ok(many.page.heap <= many.first.heap + 8 && many.page.nodes <= many.first.nodes * 2 + 500, "the page grows");
process.exit(0);
