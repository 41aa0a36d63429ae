// What is known of a preview from outside: its events, and what the system says of its process (Linux).
import { readFileSync, readdirSync } from "node:fs";
import { get } from "node:http";

/** session opens the first address, and returns the cookie. */
export function session(world) {
  return new Promise((done, fail) => {
    get(world.url, (r) => { r.resume(); done(r.headers["set-cookie"][0].split(";")[0]); }).on("error", fail);
  });
}

/** Events follows the state of a preview, with the time at which each arrived. */
export class Events {
  constructor(world, cookie) {
    this.list = [];
    this.waiting = [];
    this.request = get(`${world.origin}/api/events`, { headers: { cookie } }, (r) => {
      let text = "";
      r.setEncoding("utf8");
      r.on("error", () => undefined);
      r.on("data", (part) => {
        text += part;
        for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
          const data = text.slice(0, end).split("\n").find((l) => l.startsWith("data: "));
          if (data) this.take({ ...JSON.parse(data.slice(6)), at: performance.now() });
        }
      });
    });
    this.request.on("error", () => undefined);
  }

  take(state) {
    this.list.push(state);
    if (this.list.length > 1000) this.list.splice(0, 500);
    this.last = state;
    this.waiting = this.waiting.filter(({ wanted, done }) => {
      if (!wanted(state)) return true;
      done(state);
      return false;
    });
  }

  /** until waits for a state: the newest, or one that comes. */
  until(wanted, seconds = 120) {
    if (this.last && wanted(this.last)) return Promise.resolve(this.last);
    return new Promise((done, fail) => {
      const late = setTimeout(() => fail(new Error(`no such state in ${seconds} s; the newest is ${JSON.stringify(this.last)}`)), seconds * 1000);
      this.waiting.push({ wanted, done: (s) => { clearTimeout(late); done(s); } });
    });
  }

  /** settled waits until all that changed since a revision is rendered and compared. */
  settled(revision) {
    return this.until((s) => !s.rendering && !s.comparing && (s.revision > revision || s.problem));
  }

  close() {
    this.request.destroy();
  }
}

/** system says how much a process holds. */
export function system(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)[1]);
  let watches = 0;
  const files = readdirSync(`/proc/${pid}/fd`);
  for (const fd of files) {
    try {
      watches += (readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8").match(/^inotify wd:/gm) ?? []).length;
    } catch {
      // closed meanwhile
    }
  }
  return { resident: Math.round(kilobytes("VmRSS") / 1024), most: Math.round(kilobytes("VmHWM") / 1024), threads: kilobytes("Threads"), files: files.length, watches };
}

/** busy is how many milliseconds processors worked for a process. It depends less than time on what else a machine does. */
export function busy(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // ticks of a hundredth of a second
}

/** browserBusy is the same for all processes of a browser. */
export async function browserBusy(browser) {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  await devtools.detach();
  return processInfo.reduce((sum, p) => sum + p.cpuTime * 1000, 0);
}

/** pageMemory is the heap of a page after a collection, in MiB, and what it holds. */
export async function pageMemory(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  await devtools.send("Performance.enable");
  const { metrics } = await devtools.send("Performance.getMetrics");
  await devtools.detach();
  const of = (name) => metrics.find((m) => m.name === name).value;
  return { heap: Math.round(of("JSHeapUsedSize") / 1048576), nodes: of("Nodes"), listeners: of("JSEventListeners") };
}
