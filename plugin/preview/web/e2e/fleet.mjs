// How fast the preview of a large repository is, and what it takes: 10,000 instances, which make fleet.sh. It prints a
// line for each figure, and beside the time that of processors: on a machine that does something else, too, the time is
// longer, and the other hardly is.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Events, browserBusy, busy, pageMemory, session, system } from "./server.mjs";
import { World, launch, open } from "./world.mjs";

const rounds = Number(process.env.KROWAVE_FLEET_ROUNDS ?? 5);
const instance = "App0000.kro.run/team-000/app-000000";
const world = new World({}, process.env.KROWAVE_FLEET);
const say = (what, values, unit) => console.log(`${what}: ${values.map((v) => Math.round(v)).sort((a, b) => a - b).join(" ")} ${unit}`);

const begin = performance.now();
await world.serve("--base", "main", ".");
const events = new Events(world, await session(world));
await events.until((s) => s.revision > 0);
say("first render", [performance.now() - begin], "ms");
await events.settled(0);
say("first render and comparison", [performance.now() - begin], "ms");

const browser = await launch();

// The first useful paint: a row of the list is there. Each in a profile of its own, which has nothing in a cache.
const paints = [], paintWork = [];
for (let n = 0; n < rounds; n++) {
  const page = await open(browser, world);
  await page.context().addInitScript(() => {
    const look = () => {
      if (document.querySelector(".list li a, .list li button")) requestAnimationFrame(() => { globalThis.painted = performance.now(); });
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  const fresh = await page.context().newPage();
  await page.close();
  const before = busy(world.process.pid) + await browserBusy(browser);
  await fresh.goto(world.origin + "/");
  await fresh.waitForFunction(() => globalThis.painted);
  paintWork.push(busy(world.process.pid) + await browserBusy(browser) - before);
  paints.push(await fresh.evaluate(() => globalThis.painted));
  await fresh.context().close();
}
say("first useful paint", paints, "ms");
say("first useful paint, processors of server and browser", paintWork, "ms");

/**
 * shows waits until one element of the page has all the words, and says when that was. It looks before each frame: a
 * locator looks twice a second after a while.
 */
async function shows(page, [element, ...words]) {
  const found = await page.waitForFunction(([element, ...words]) => [...document.querySelectorAll(element)].some((e) => words.every((w) => e.textContent.includes(w)))
    && performance.timeOrigin + performance.now(), [element, ...words], { timeout: 120_000 });
  return await found.jsonValue() - performance.timeOrigin;
}

/** saves edits a file again and again, and waits until the page shows it. */
async function saves(what, name, edit, path, shown, compared) {
  const page = await open(browser, world);
  await page.goto(world.origin + path);
  await shows(page, shown(-1));
  const text = readFileSync(join(world.dir, name), "utf8");
  const whole = [], render = [], beyond = [], work = [];
  for (let n = 0; n < rounds; n++) {
    const { revision } = events.last;
    const before = busy(world.process.pid) + await browserBusy(browser);
    const at = performance.now();
    world.write(name, edit(text, n));
    const seen = await shows(page, shown(n));
    work.push(busy(world.process.pid) + await browserBusy(browser) - before);
    await events.settled(revision);
    const begun = events.list.find((s) => s.at > at && s.rendering && s.revision === revision);
    const done = events.list.find((s) => s.at > at && (compared ? s.compared > revision : s.revision > revision && s.compared <= revision));
    whole.push(seen - at);
    render.push(done.at - begun.at);
    beyond.push(seen - at - (done.at - begun.at));
  }
  say(`${what}, from the save to the page`, whole, "ms");
  say(`${what}, of which the server renders${compared ? " and compares" : ""}`, render, "ms");
  say(`${what}, the rest`, beyond, "ms");
  say(`${what}, processors of server and browser`, work, "ms");
  const { revision } = events.last;
  world.write(name, text);
  await events.settled(revision);
  say(`${what}, heap of the page`, [(await pageMemory(page)).heap], "MiB");
  await page.context().close();
}

const manifest = `/manifests?instance=${instance}&object=Deployment.apps/team-000/app-000000`;
const image = (n) => [".cm-line", "image:", `app:${n < 0 ? "1.0.0" : `edited-${n}`}`];
await saves("one instance, its manifest", "apps/team-000/app-000000.yaml", (t, n) => t.replace("app:1.0.0", `app:edited-${n}`), manifest, image, false);
const budget = `/manifests?instance=${instance}&object=PodDisruptionBudget.policy/team-000/app-000000`;
const least = (n) => [".cm-line", `minAvailable: ${n < 0 ? 1 : 100 + n}`];
await saves("an RGD of 1,000 instances, a manifest", "definitions/rgd-0000.yaml", (t, n) => t.replace("minAvailable: 1", `minAvailable: ${100 + n}`), budget, least, false);
const count = (n) => (n < 0 ? [".note"] : [".one-diff .cm-line", `minAvailable: ${100 + n}`]);
await saves("an RGD of 1,000 instances, its changes", "definitions/rgd-0000.yaml", (t, n) => t.replace("minAvailable: 1", `minAvailable: ${100 + n}`),
  `/changes?instance=${instance}`, count, true);

// A page that was used for a while.
const page = await open(browser, world);
for (const tab of ["instances", "objects"]) {
  await page.goto(`${world.origin}/?tab=${tab}`);
  await page.locator(".list li a").first().waitFor();
  for (let n = 1; n <= 40; n++) {
    await page.locator(".list .scroll").evaluate((e, part) => { e.scrollTop = e.scrollHeight * part; }, n / 40);
    await page.waitForTimeout(50);
  }
}
say("heap of the page after a walk through 100,000 objects", [(await pageMemory(page)).heap], "MiB");
say("memory of the server at most", [system(world.process.pid).most], "MiB");
await page.waitForTimeout(10_000);
say("memory of the server at rest", [system(world.process.pid).resident], "MiB");
await browser.close();
events.close();
await world.stop();
