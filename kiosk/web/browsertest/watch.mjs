// Opens the page in Chromium, says that it is open, and follows the station until there is nothing more to read: the Go test that starts this
// closes its end.

import { launch } from "./browser.mjs";

const [url] = process.argv.slice(2);
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
const page = await context.newPage();
await page.goto(url);
await page.waitForSelector("main[data-screen]");
console.log(JSON.stringify({ Open: true }));
process.stdin.resume();
process.stdin.on("end", () => browser.close());
