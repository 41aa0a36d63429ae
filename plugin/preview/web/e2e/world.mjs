// A repository, the preview of it, and a browser.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chromium } from "playwright-core";

export const krowave = process.env.KROWAVE ?? "krowave";
export const shots = process.env.KROWAVE_PREVIEW_SHOTS ?? join(tmpdir(), "krowave-preview");
mkdirSync(shots, { recursive: true });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const quiet = {
  GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.org", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example.org",
};

export class World {
  constructor(files, copy) {
    this.dir = mkdtempSync(join(tmpdir(), "krowave-preview-"));
    if (copy) cpSync(copy, this.dir, { recursive: true });
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    this.git("init", "-q", "-b", "main", ".");
    this.git("add", "-A");
    this.git("commit", "-q", "-m", "base");
  }

  write(name, text) {
    mkdirSync(dirname(join(this.dir, name)), { recursive: true });
    writeFileSync(join(this.dir, name), text);
  }

  git(...args) {
    return execFileSync("git", args, { cwd: this.dir, env: { ...process.env, ...quiet }, encoding: "utf8" });
  }

  /** run prints what another command of krowave prints, whatever its exit code. */
  run(...args) {
    try {
      return execFileSync(krowave, args, { cwd: this.dir, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch (e) {
      return e.stdout;
    }
  }

  /** serve starts the preview; a last argument that is an object says where its messages go. */
  async serve(...args) {
    const { stderr } = typeof args.at(-1) === "object" ? args.pop() : { stderr: "inherit" };
    this.process = spawn(krowave, ["preview", "--no-open", ...args], { cwd: this.dir, stdio: ["ignore", "pipe", stderr] });
    this.url = await new Promise((done, fail) => {
      this.process.stdout.once("data", (d) => done(String(d).trim()));
      this.process.once("exit", (code) => fail(new Error(`krowave preview ended with ${code}`)));
    });
    this.origin = new URL(this.url).origin;
  }

  /** stop is Ctrl-C; it returns how long the end took, in milliseconds. */
  async stop() {
    const begin = performance.now();
    const ended = new Promise((done) => this.process.once("exit", done));
    this.process.kill("SIGINT");
    await ended;
    const took = performance.now() - begin;
    rmSync(this.dir, { recursive: true, force: true });
    return took;
  }
}

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** open opens the preview in a fresh profile, and collects what the browser complains about. */
export async function open(browser, world, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (m) => { if (m.type() === "error" || /content security policy/i.test(m.text())) page.complaints.push(m.text()); });
  page.on("pageerror", (e) => page.complaints.push(e.message));
  page.on("dialog", (d) => { page.complaints.push(`a dialog: ${d.message()}`); void d.dismiss(); });
  page.on("request", (r) => { if (!r.url().startsWith(world.origin) && !/^(data|blob):/.test(r.url())) page.complaints.push(`a request to ${r.url()}`); });
  await page.goto(world.url);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

/** visit opens another address of the preview. */
export async function visit(page, world, path) {
  await page.goto(world.origin + path);
  await page.getByRole("heading", { level: 1 }).waitFor();
}

/** accessible asks axe-core whether something serious or critical is wrong with a page. */
export async function accessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const bad = violations.filter((v) => ["serious", "critical"].includes(v.impact));
  assert.deepEqual(bad.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).slice(0, 3).join(" ")}`), [], page.url());
}

/** tooWide is by how many pixels a page is wider than its window. */
export function tooWide(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
