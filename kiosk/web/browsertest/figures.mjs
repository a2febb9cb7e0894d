// Measures the page in Chromium. The Go test that starts this gives it the page's address, the address where the scripted station
// takes orders, and how many screens a day has. It prints one JSON document.

import { launch } from "./browser.mjs";

const [url, station, day] = process.argv.slice(2);
const browser = await launch();
const order = async (path) => (await fetch(station + path, { method: "POST" })).json();
const median = (all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];

/** paint is the time from the beginning of the navigation to the first paint, with the processor slowed six times. */
async function paint(url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 6 });
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByType("paint").length > 0);
  const at = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  await context.close();
  return at;
}

await order("/show/fees/de");
const paints = [];
const emptyPaints = []; // of a page of one line: what the machine is able to
for (let i = 0; i < 7; i++) {
  emptyPaints.push(await paint("data:text/html,<p>One line"));
  paints.push(await paint(url));
}

const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
const page = await context.newPage();
await page.goto(url);
await page.evaluate(() => {
  window.shownAt = {};
  new MutationObserver(() => {
    const number = document.querySelector("main").dataset.screen;
    requestAnimationFrame(() => { window.shownAt[number] ??= performance.timeOrigin + performance.now(); });
  }).observe(document.querySelector("main"), { attributes: true });
});

const kinds = ["ready", "loading", "fees-many", "confirm", "terminal-card", "booking", "outcome-booked", "leaving"];
const delays = [];
for (let i = 0; i < 500; i++) {
  const before = performance.timeOrigin + performance.now();
  const number = await order(`/show/${kinds[i % kinds.length]}/de`);
  await page.waitForFunction((n) => window.shownAt[n], number);
  delays.push((await page.evaluate((n) => window.shownAt[n], number)) - before);
}
delays.sort((a, b) => a - b);

await context.close();

// A day of the page's own clock, which is put forward to the next screen; a timer that was due meanwhile goes off once.
const daylong = await browser.newContext({ viewport: { width: 1280, height: 800 } });
const open = await daylong.newPage();
await open.clock.install();
await open.goto(url);
const devtools = await daylong.newCDPSession(open);
const heap = async () => {
  await devtools.send("HeapProfiler.collectGarbage");
  return (await devtools.send("Runtime.getHeapUsage")).usedSize;
};
let heapBefore = 0;
const until = 24 * 3600 * 1000 / Number(day);
for (let i = 0; i < Number(day); i++) {
  const number = await order(`/show/${kinds[i % kinds.length]}/de`);
  await open.waitForSelector(`main[data-screen="${number}"]`);
  await open.clock.fastForward(until);
  if (i === Math.floor(Number(day) / 10)) heapBefore = await heap();
}
console.log(JSON.stringify({ Paint: median(paints), EmptyPaint: median(emptyPaints), Median: median(delays), P99: delays[Math.floor(delays.length * 0.99)], HeapBefore: heapBefore, HeapAfter: await heap() }));
await browser.close();
