// One patron pays at a real kiosk with the keys of the keypad, and sees on the page in Chromium where they are. The Go test that
// starts this gives it the page's address, and presses the key of each line {"key": …}.

import { launch } from "./browser.mjs";

const [url] = process.argv.slice(2);
const patience = { timeout: 60_000 };

const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();

const press = (key) => console.log(JSON.stringify({ key }));
const screen = (name) => page.waitForSelector(`main[data-name="${name}"]`, patience);

/** stands waits until the page shows that the patron is at a choice: it has the focus, and the mark that is seen. */
const stands = (choice) => page.waitForFunction((c) => {
  const here = document.querySelector("[data-here]");
  return here !== null && here === document.activeElement && here.matches(c) && getComputedStyle(here).outlineStyle !== "none";
}, choice, patience);

/** seek goes down through the choices until the patron is at one. */
async function seek(choice) {
  for (let i = 0; i < 20; i++) {
    const before = await page.evaluate(() => [...document.querySelectorAll("[data-action]")].findIndex((e) => e.matches("[data-here]")));
    press("down");
    await page.waitForFunction((b) => [...document.querySelectorAll("[data-action]")].findIndex((e) => e.matches("[data-here]")) > b, before, patience);
    if (await page.locator(choice + "[data-here]").count() > 0) break;
  }
  await stands(choice);
}

await page.goto(url);
await screen("ready");
press("right");
await stands('[data-action="number"]');
await page.reload(); // the daemon knows where the patron is
await stands('[data-action="number"]');
press("ok");
await screen("number");
for (const digit of "20017000010001") press(digit);
await page.waitForSelector('[data-typed="20017000010001"]', patience);
press("ok");
await screen("fees");
await seek('[data-action="choose"]');
press("ok");
await page.waitForSelector('[data-action="choose"][aria-checked="false"]', patience);
await stands('[data-action="choose"][aria-checked="false"]');
press("ok");
await page.waitForFunction(() => !document.querySelector('[aria-checked="false"]'), undefined, patience);
press("right");
await stands('[data-action="pay"]');
press("ok");
await screen("confirm");
press("right");
await stands('[data-action="confirm"]');
press("ok");
await page.waitForSelector('[data-outcome="booked"]', patience);
press("right");
await stands('[data-action="leave"]');
press("ok");
await screen("ready");
if (await page.locator("[data-here]").count() > 0) throw new Error("the next patron sees where the one before was");
await browser.close();
