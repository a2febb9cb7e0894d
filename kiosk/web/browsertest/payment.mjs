// One patron pays at a real kiosk in Chromium, and reloads the page at every screen. The Go test that starts this gives
// it the page's address, holds the card to the scanner when the line "ready" comes, and reads the
// screens, one JSON line each: {"name": …, "words": …}.

import { launch } from "./browser.mjs";

const [url] = process.argv.slice(2);
const patience = { timeout: 60_000 };

const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 }, hasTouch: true })).newPage();

/** reach waits for a screen, says what stands on it, loads the page anew, and waits for it again. */
async function reach(name, marks = "") {
  const screen = `main[data-name="${name}"]${marks}`;
  await page.waitForSelector(screen, patience);
  const words = (await page.locator("main").innerText()).replace(/\s+/g, " ");
  console.log(JSON.stringify({ name, words }));
  return screen;
}

/** again loads the page anew and must come back to the same screen. */
async function again(screen) {
  await page.reload();
  await page.waitForSelector(screen, patience);
}

/** tap touches a button once the screen has stood long enough to be meant. */
async function tap(action) {
  await page.waitForTimeout(300);
  await page.locator(`[data-action="${action}"]`).first().tap(patience);
}

await page.goto(url);
await again(await reach("ready"));
console.log(JSON.stringify({ name: "scan" }));
await again(await reach("fees"));
await tap("pay");
await again(await reach("confirm"));
await tap("confirm");
await reach("terminal");
await page.reload(); // whatever stands there by now, the end is the same
const end = await reach("outcome", ':has([data-outcome="booked"])');
await page.waitForSelector('[data-receipt="printed"]', patience);
await again(end);
await tap("leave");
await reach("ready");
await browser.close();
