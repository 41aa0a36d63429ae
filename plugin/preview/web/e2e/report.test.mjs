// The page of krowave diff -o html in a browser: on a phone and a desk, light and dark.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { World, accessible, launch, shots, tooWide } from "./world.mjs";

const examples = new URL("../../../../examples/shop", import.meta.url).pathname;

const settings = `apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata: {name: settings}
spec:
  schema:
    apiVersion: v1alpha1
    kind: Settings
    spec:
      data: 'map[string]string'
  resources:
    - id: map
      template:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "\${schema.metadata.name}"}
        data: \${schema.spec.data}
`;
const instance = (name, key) => `apiVersion: kro.run/v1alpha1\nkind: Settings\nmetadata: {name: ${name}, namespace: team}\nspec: {data: {first: a, ${key}: b}}\n`;
const shop = (name) => `apiVersion: shop.example.com/v1alpha1\nkind: Shop\nmetadata: {name: ${name}, namespace: more}\nspec: {image: example.com/shop:1.4.0, regions: [eu, us]}\n`;

let browser, folder;

/** report is the page of a change: write makes it in the work tree. */
function report(name, files, write) {
  const world = new World(files, examples);
  write(world);
  const file = join(folder, `${name}.html`);
  writeFileSync(file, world.run("diff", "--base", "main", "-o", "html", "."));
  rmSync(world.dir, { recursive: true, force: true });
  return pathToFileURL(file).href;
}

const edit = (world, file, from, to) => {
  const text = readFileSync(join(world.dir, file), "utf8");
  assert.ok(text.includes(from), `${file}: ${from}`);
  world.write(file, text.replaceAll(from, to));
};

const pages = {};

before(async () => {
  browser = await launch();
  folder = mkdtempSync(join(tmpdir(), "krowave-report-"));
  const twelve = Object.fromEntries([...Array(12).keys()].map((n) => [`more/shop-${n}.yaml`, shop(`shop-${n}`)]));
  // One line of a definition, which is a danger for every instance; an instance goes, one comes, one cannot be rendered.
  pages.dangers = report("dangers", { ...twelve, "more/gone.yaml": shop("gone") }, (world) => {
    edit(world, "definitions/database.yaml", 'storage: string | default="1Gi"', 'storage: string | default="2Gi"');
    edit(world, "definitions/shop.yaml", "- name: http\n              port: 80", "- name: http\n              port: 80\n              targetPort: a-rather-long-name-of-a-port-that-does-not-fit-on-a-phone-and-has-to-scroll");
    world.write("more/gone.yaml", shop("come"));
    edit(world, "more/shop-3.yaml", "regions: [eu, us]", "regions: eu");
  });
  const names = [...Array(30).keys()].map((n) => `s${String(n).padStart(2, "0")}`);
  pages.many = report("many", { "definitions/settings.yaml": settings, ...Object.fromEntries(names.map((n) => [`team/${n}.yaml`, instance(n, "second")])) }, (world) => {
    names.forEach((n, i) => world.write(`team/${n}.yaml`, instance(n, `other-${100 + i}`))); // no two are the same
    edit(world, "definitions/database.yaml", "port: 5432", "port: 5433");
    rmSync(join(world.dir, "team/s07.yaml"));
  });
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function open(url, options) {
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") page.complaints.push(m.text()); });
  page.on("request", (r) => { if (r.url().split("#")[0] !== url) page.complaints.push(`a request to ${r.url()}`); });
  await page.goto(url);
  return page;
}

for (const width of [400, 1280]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`at ${width} px, ${colorScheme}: accessible, and no wider than the window`, async () => {
      for (const [name, url] of Object.entries(pages)) {
        // axe-core has to run in it, which the policy of the page forbids to everything else.
        const page = await open(url, { viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
        await page.screenshot({ path: join(shots, `report-${name}-${width}-${colorScheme}.png`), fullPage: true });
        await accessible(page);
        await page.evaluate(() => { for (const d of document.querySelectorAll("details")) d.open = true; });
        await accessible(page);
        assert.ok(await tooWide(page) <= 0, `${name} is ${await tooWide(page)} px too wide`);
        await page.context().close();
      }
    });
  }
}

test("from a danger to its change", async () => {
  const page = await open(pages.dangers, { viewport: { width: 1280, height: 900 } });
  const links = page.locator(".dangers > li > a");
  assert.ok(await links.count() > 0);
  for (let n = 0; n < await links.count(); n++) {
    const subject = await links.nth(n).innerText();
    await links.nth(n).click();
    const target = page.locator("details:has(> :target)");
    assert.ok(await target.count() === 1 && await target.evaluate((d) => d.open), subject);
    assert.ok((await target.innerText()).length > 0, subject);
    const { y, height } = await target.locator("> summary").boundingBox();
    assert.ok(y >= 0 && y + height <= 900, `${subject} is at ${y} px`);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a link opens what is folded", async () => {
  const page = await open(pages.many, { viewport: { width: 1280, height: 900 } });
  const sections = page.locator("main > details");
  assert.ok(await sections.count() > 20);
  assert.equal(await page.locator("main > details[open]").count(), 0);
  await page.getByRole("link", { name: /s11/ }).click();
  const target = page.locator("details:has(> :target)");
  await target.getByText("data.other-111", { exact: false }).first().waitFor();
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("the legend, and a filter with the keyboard", async () => {
  const page = await open(pages.dangers, { viewport: { width: 400, height: 900 } });
  await page.getByRole("list", { name: "Legend" }).getByText("+ added").waitFor();
  const items = page.locator(".item:visible");
  const all = await items.count();
  await page.getByLabel("everything").focus();
  const seen = new Set();
  for (const name of await page.locator(".filter label").allInnerTexts()) {
    const label = name.trim();
    if (label !== "everything") {
      await page.keyboard.press("ArrowDown");
      assert.ok(await page.getByLabel(label, { exact: true }).isChecked(), label);
      const shown = await items.count();
      assert.ok(shown > 0 && shown < all, `${label}: ${shown} of ${all}`);
      assert.equal(await page.locator(`.item.has-${label}:visible`).count(), shown);
      seen.add(label);
    }
  }
  assert.deepEqual([...seen].sort(), ["added", "broken", "changed", "deleted"]);
  await page.getByLabel("everything").check();
  assert.equal(await items.count(), all);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
