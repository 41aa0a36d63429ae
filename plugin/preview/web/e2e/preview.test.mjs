// krowave preview in a browser: what a person does, and what a hostile repository tries.
import assert from "node:assert/strict";
import { readFileSync, renameSync, rmSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { World, accessible, launch, open, shots, tooWide, visit } from "./world.mjs";

const examples = new URL("../../../../examples/shop", import.meta.url).pathname;
const prod = "Shop.shop.example.com/shop-prod/corner";

let browser, shop;

before(async () => {
  browser = await launch();
  shop = new World({}, examples);
  await shop.serve("--base", "main", ".");
});

after(async () => {
  await browser?.close();
  const took = await shop?.stop();
  assert.ok(took === undefined || took < 1000, `Ctrl-C took ${took} ms`);
});

const figure = (page, name) => page.locator(".figure", { has: page.getByText(name, { exact: true }) }).locator("strong");

async function clean(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

test("open, filter and search", async () => {
  const page = await open(browser, shop);
  assert.ok(!page.url().includes("token"));
  assert.equal(await figure(page, "Instances").innerText(), "2");
  await page.getByLabel("Filter").fill("prod");
  await page.getByText("1 instance", { exact: true }).waitFor();
  await page.locator("h1").click();
  await page.keyboard.press("/");
  await page.getByRole("searchbox", { name: /Search definitions/ }).waitFor();
  await page.keyboard.type("corner-db-backup");
  await page.getByRole("menuitem", { name: /CronJob/ }).first().waitFor();
  await page.screenshot({ path: join(shots, "search.png") });
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 2, name: /corner-db-backup/ }).waitFor();
  await clean(page);
});

test("walk the graph with the keyboard alone", async () => {
  const page = await open(browser, shop);
  await visit(page, shop, "/graph?definition=shop");
  await page.locator("g.node").first().focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.getByRole("complementary").waitFor();
  const node = new URL(page.url()).searchParams.get("node");
  assert.ok(["web", "ingress"].includes(node), node);
  await page.getByRole("complementary").getByText("Template", { exact: true }).waitFor();
  await page.screenshot({ path: join(shots, "graph.png") });
  await visit(page, shop, `/graph?instance=${prod}&node=web`);
  await page.locator("g.node").getByText("Deployment ×2 · static", { exact: true }).waitFor();
  await page.getByRole("complementary").getByRole("link", { name: /corner-us/ }).click();
  await page.getByRole("heading", { level: 2, name: /corner-us/ }).waitFor();
  await clean(page);
});

test("a line says where it comes from", async () => {
  const page = await open(browser, shop);
  await visit(page, shop, `/manifests?instance=${prod}&object=Deployment.apps/shop-prod/corner-eu`);
  await page.getByText("replicas").first().click();
  const origin = page.getByRole("region", { name: "Where it comes from" });
  await origin.getByText("${schema.spec.replicas}", { exact: true }).waitFor();
  assert.match(await origin.innerText(), /definitions\/shop\.yaml:\d+/);
  for (const size of [{ width: 360, height: 740 }, { width: 1280, height: 800 }]) {
    await page.setViewportSize(size);
    await page.locator(".cm-line", { hasText: "replicas" }).click(); // which lies high, in a manifest longer than the window
    const { top, bottom } = await origin.evaluate((e) => e.getBoundingClientRect());
    assert.ok(top > 0 && bottom <= size.height, `the answer to a click is out of sight at ${size.width} px: from ${top} to ${bottom}`);
  }
  await page.screenshot({ path: join(shots, "manifests.png") });
  await page.getByRole("button", { name: /^Wave 0/ }).click();
  await page.getByText("2 objects", { exact: true }).waitFor();
  await clean(page);
});

test("a change arrives, with the numbers of krowave diff; open panels stay", async () => {
  const page = await open(browser, shop);
  await visit(page, shop, `/changes`);
  await page.getByText("Nothing that is rendered differs.").waitFor();
  const file = "definitions/database.yaml";
  const text = readFileSync(join(shop.dir, file), "utf8");
  shop.write(file + ".new", text.replaceAll("5432", "5433")); // as editors do
  renameSync(join(shop.dir, file + ".new"), join(shop.dir, file));
  await page.getByRole("button", { name: /shop-prod\/corner/ }).click();
  await page.locator(".one-diff").first().waitFor();
  const { summary } = JSON.parse(shop.run("diff", "--base", "main", "-o", "json", "."));
  for (const [name, want] of [["Added", summary.added], ["Changed", summary.changed], ["Deleted", summary.deleted], ["Dangers", summary.dangers]]) {
    assert.equal(await figure(page, name).innerText(), String(want), name);
  }
  await page.screenshot({ path: join(shots, "changes.png") });
  const fold = page.getByRole("button", { name: /^Fold/ }).first();
  await fold.click();
  shop.write(file, text.replaceAll("5432", "5434"));
  await page.getByRole("button", { name: /^Fold/ }).first().waitFor();
  await page.locator(".one-diff").getByText("5434").first().waitFor();
  assert.equal(await page.getByRole("button", { name: /^Unfold/ }).count(), 1);
  shop.write(file, text);
  await page.getByText("Nothing that is rendered differs.").waitFor();
  await clean(page);
});

test("break and mend", async () => {
  const page = await open(browser, shop);
  await visit(page, shop, `/graph?definition=shop`);
  const file = "definitions/shop.yaml";
  const text = readFileSync(join(shop.dir, file), "utf8");
  shop.write(file, text.replace("${schema.spec.replicas}", "${schema.spec.replcas}"));
  const alert = page.getByRole("alert");
  await alert.getByText(/replcas/).waitFor();
  await alert.getByText(/definitions\/shop\.yaml:\d+/).first().waitFor();
  await page.locator(".stale svg").waitFor(); // the last good graph, in grey
  await page.screenshot({ path: join(shots, "broken.png") });
  await accessible(page);
  shop.write(file, text);
  await alert.waitFor({ state: "detached" });
  await page.locator(".split:not(.stale) svg").waitFor();
  await clean(page);
});

test("switch the branch below it", async () => {
  const page = await open(browser, shop);
  shop.git("checkout", "-q", "-b", "topic");
  shop.write("extra/shop.yaml", "apiVersion: shop.example.com/v1alpha1\nkind: Shop\nmetadata: {name: extra, namespace: extra}\nspec: {image: a, host: a.example.com}\n");
  await page.getByText("3 instances", { exact: true }).waitFor();
  shop.git("add", "-A");
  shop.git("commit", "-q", "-m", "extra");
  shop.git("checkout", "-q", "main");
  await page.getByText("2 instances", { exact: true }).waitFor();
  shop.git("checkout", "-q", "topic");
  await page.getByText("3 instances", { exact: true }).waitFor();
  shop.git("checkout", "-q", "main");
  await page.getByText("2 instances", { exact: true }).waitFor();
  await clean(page);
});

test("try a value in the form and as YAML; nothing is written", async () => {
  const page = await open(browser, shop);
  await visit(page, shop, `/try?instance=${prod}`);
  await page.getByText("No object differs.").waitFor();
  await page.getByLabel("replicas").fill("9");
  await page.getByText(/0 added, 2 changed, 0 deleted/).waitFor();
  await page.screenshot({ path: join(shots, "try.png") });
  await page.getByRole("radio", { name: "YAML" }).click();
  const editor = page.getByLabel("Instance", { exact: true });
  await editor.getByText("9", { exact: true }).waitFor();
  await editor.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("  replica");
  await page.getByRole("option", { name: /replicas/ }).waitFor(); // completion from the schema
  await page.keyboard.press("Escape");
  await page.keyboard.type("tion: 3");
  await page.getByText(/replication/).last().waitFor();
  await page.locator(".result .findings").getByText(/replication/).waitFor();
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByText("No object differs.").waitFor();
  assert.equal(shop.git("status", "--porcelain"), "");
  await clean(page);
});

test("copy what was tried, as YAML and as a patch", async () => {
  const page = await open(browser, shop, { permissions: ["clipboard-read", "clipboard-write"] });
  await visit(page, shop, `/try?instance=${prod}`);
  await page.getByLabel("replicas").fill("9");
  await page.getByText(/0 added, 2 changed, 0 deleted/).waitFor();
  const copied = async (button) => {
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("button", { name: button }).getByText("✓").waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const yaml = parse(await copied(/^Copy as YAML/));
  assert.deepEqual([yaml.kind, yaml.metadata.name, yaml.spec.replicas], ["Shop", "corner", 9]);
  assert.ok(yaml.spec.image, "what was not tried is there too");
  const patch = parse(await copied(/^Copy as patch/));
  assert.deepEqual(patch, { spec: { replicas: 9 } }); // of kubectl patch --type merge
  await clean(page);
});

test("changes inline, by field and only dangers", async () => {
  const page = await open(browser, shop);
  await visit(page, shop, "/changes");
  const file = "definitions/database.yaml";
  const text = readFileSync(join(shop.dir, file), "utf8");
  shop.write(file, text.replace('storage: string | default="1Gi"', 'storage: string | default="2Gi"'));
  shop.write("extra.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: extra}\n"); // in which no danger is
  const rows = page.locator("button.pick");
  await page.getByRole("button", { name: /shop-prod\/corner/ }).click();
  await page.locator(".one-diff").first().waitFor();
  await rows.nth(2).waitFor();
  const choose = (name) => page.getByRole("radio", { name, exact: true }).click();
  assert.equal(await page.locator(".one-diff .cm-editor").count(), 2); // before, and after
  await choose("Inline");
  await page.locator(".one-diff .cm-deletedChunk").first().waitFor();
  assert.equal(await page.locator(".one-diff .cm-editor").count(), 1);
  await choose("Fields");
  await page.locator(".one-diff").getByRole("rowheader", { name: /storage/ }).waitFor();
  assert.deepEqual(await page.locator(".one-diff td").allInnerTexts(), ["1Gi", "2Gi"]);
  await choose("Only dangers");
  await rows.nth(2).waitFor({ state: "detached" });
  await rows.filter({ hasText: "danger" }).nth(1).waitFor();
  assert.equal(await rows.count(), 2);
  await page.reload(); // the address has the choice
  await page.locator(".one-diff").getByRole("rowheader", { name: /storage/ }).waitFor();
  assert.equal(await rows.count(), 2);
  await choose("All");
  await rows.nth(2).waitFor();
  shop.write(file, text);
  rmSync(join(shop.dir, "extra.yaml"));
  await page.getByText("Nothing that is rendered differs.").waitFor();
  await clean(page);
});

test("the API of a definition", async () => {
  const page = await open(browser, shop);
  await visit(page, shop, "/definition?definition=shop");
  await page.getByRole("rowheader", { name: /replicas/ }).waitFor();
  await page.getByText("2 instances", { exact: true }).waitFor();
  await page.screenshot({ path: join(shots, "definition.png") });
  await clean(page);
});

test("an editor opens a position, whatever the file is called", async () => {
  const name = "odd #1?/50% a:b\"<é>.yaml";
  const world = new World({ [name]: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" }, examples);
  await world.serve("--editor", "vscode", ".");
  const page = await open(browser, world);
  await visit(page, world, "/manifests?object=ConfigMap//a");
  const place = page.getByRole("article").getByText(/odd #1/).first();
  await place.waitFor();
  const href = () => page.getByRole("article").locator("a.place").first().getAttribute("href");
  const path = `${world.dir}/${name}`, parts = path.split("/").map(encodeURIComponent).join("/");
  assert.equal(await href(), `vscode://file${parts}:1:1`);
  assert.equal(decodeURIComponent(new URL(await href()).pathname), `${path}:1:1`);
  await page.getByLabel("A position in a file is").selectOption("idea");
  assert.equal(await href(), `idea://open?file=${encodeURIComponent(path)}&line=1&column=1`);
  await page.reload();
  assert.equal(new URL(await href()).searchParams.get("file"), path); // it is remembered
  await page.getByLabel("A position in a file is").selectOption("none");
  await page.getByRole("article").getByRole("button", { name: /odd #1/ }).waitFor();
  await clean(page);
  await world.stop();
});

const addresses = {
  overview: "/", objects: "/?tab=objects", definitions: "/?tab=definitions", graph: `/graph?instance=${prod}&node=database`,
  manifests: `/manifests?instance=${prod}&object=Deployment.apps/shop-prod/corner-eu`, changes: "/changes", form: `/try?instance=${prod}`,
  yaml: `/try?as=yaml&instance=${prod}`, definition: "/definition?definition=shop",
};

for (const [name, width, height, colorScheme] of [["phone", 360, 740, "light"], ["laptop", 1280, 800, "dark"], ["wide", 2560, 1440, "light"]]) {
  test(`every page at ${width} px, ${colorScheme}: accessible, and no wider than the window`, async () => {
    const page = await open(browser, shop, { viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
    for (const [what, path] of Object.entries(addresses)) {
      await visit(page, shop, path);
      await page.waitForLoadState("networkidle", { timeout: 1500 }).catch(() => undefined); // the events never end
      await accessible(page);
      const wide = await tooWide(page);
      assert.ok(wide <= 0, `${what} is ${wide} px too wide`);
      await page.screenshot({ path: join(shots, `${name}-${what}.png`) });
    }
    await clean(page);
  });
}

test("text at 200 %, and a switch to dark", async () => {
  const page = await open(browser, shop, { viewport: { width: 1280, height: 800 } });
  const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByRole("button", { name: /light and dark/ }).click();
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), light);
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), light);
  await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
  const wide = await tooWide(page);
  assert.ok(wide <= 0, `the page is ${wide} px too wide`);
  await page.screenshot({ path: join(shots, "large-text.png") });
  await clean(page);
});

const evil = `<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>`;

test("a hostile repository shows as text", async () => {
  const world = new World({
    "rgd.yaml": `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: evil}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Evil
    spec:
      note: 'string | default="x" description="${evil.replaceAll('"', '\\"').replaceAll("'", "''")}"'
      back: string | default="\\u202Eevil\\u0007"
  resources:
    - id: page
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "\${schema.metadata.name}"}
        data:
          note: \${schema.spec.note}
          html: '\${"<b onclick=alert(1)>" + schema.spec.back}'
`,
    "<img src=x onerror=hacked=1>.yaml": `apiVersion: kro.run/v1alpha1
kind: Evil
metadata:
  name: one
  annotations: {x: ${JSON.stringify(evil)}}
spec: {note: ${JSON.stringify(evil)}, back: "\\u202Egnp.exe\\u0007\\u0000"}
---
apiVersion: kro.run/v1alpha1
kind: Evil
metadata: {name: ${JSON.stringify(evil)}, namespace: "javascript:alert(1)"}
spec: {note: [${JSON.stringify(evil)}]}
`,
    "object.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${JSON.stringify(evil)}}\ndata: {a: ${JSON.stringify(evil)}}\n`,
  });
  await world.serve(".");
  const page = await open(browser, world);
  const paths = ["/", "/?tab=objects", "/?tab=findings", "/?tab=definitions", "/graph?definition=evil&node=page", "/definition?definition=evil",
    "/manifests?instance=Evil.kro.run/default/one&object=ConfigMap/default/one", "/graph?instance=Evil.kro.run/default/one&node=page", "/try?instance=Evil.kro.run/default/one", "/changes"];
  for (const path of paths) {
    await visit(page, world, path);
    await page.waitForLoadState("networkidle", { timeout: 1000 }).catch(() => undefined);
    const found = await page.evaluate(() => ({ hacked: globalThis.hacked, images: document.querySelectorAll("img[src='x'], b[onclick]").length, scripts: [...document.scripts].filter((s) => !s.src).length }));
    assert.deepEqual(found, { hacked: undefined, images: 0, scripts: 0 }, path);
  }
  await visit(page, world, "/manifests?instance=Evil.kro.run/default/one&object=ConfigMap/default/one");
  await page.locator(".cm-content").getByText(/<script>/).first().waitFor();
  await page.screenshot({ path: join(shots, "hostile.png") });
  await clean(page);
  await world.stop();
});

test("requests of another origin, for another host or without the token are refused", async () => {
  const page = await open(browser, shop);
  const { port } = new URL(shop.url);
  const cookies = await page.context().cookies();
  assert.equal(cookies.length, 1);
  assert.deepEqual([cookies[0].httpOnly, cookies[0].sameSite], [true, "Strict"]);
  const cookie = `${cookies[0].name}=${cookies[0].value}`;
  const ask = (headers, path = "/api/state", method = "GET") => new Promise((done, fail) => {
    request({ host: "127.0.0.1", port, path, method, headers }, (r) => { r.resume(); done(r.statusCode); }).on("error", fail).end();
  });
  assert.equal(await ask({ cookie }), 200);
  assert.equal(await ask({}), 403);
  assert.equal(await ask({ cookie, host: `evil.example:${port}` }), 421);
  assert.equal(await ask({ cookie, origin: "http://evil.example" }), 403);
  assert.equal(await ask({ cookie, origin: "http://evil.example" }, "/api/try", "POST"), 403);
  assert.equal(await ask({ cookie }, "/api/try", "DELETE"), 405);
  // A page of another origin in the same browser: a port is another origin, and cookies do not part them.
  const other = new World({}, examples);
  await other.serve(".");
  const stranger = await page.context().newPage();
  await stranger.goto(other.url);
  await stranger.getByRole("heading", { level: 1 }).waitFor();
  const got = await stranger.evaluate((url) => fetch(url, { credentials: "include", mode: "no-cors" }).then((r) => r.type, (e) => e.name), `${shop.origin}/api/state`);
  assert.equal(got, "TypeError"); // the content policy of that page, and this server refuses too
  await stranger.close();
  await other.stop();
  await page.context().close();
});
