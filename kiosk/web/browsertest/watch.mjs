// Opens the page in Chromium, says "open", and follows the station until there is nothing more to read: the Go test that starts this
// closes its end.

import { launch } from "./browser.mjs";

const [url, executablePath] = process.argv.slice(2);
const browser = await launch(executablePath);
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
const page = await context.newPage();
await page.goto(url);
await page.waitForSelector("main[data-screen]");
console.log("open");
process.stdin.resume();
process.stdin.on("end", () => browser.close());
