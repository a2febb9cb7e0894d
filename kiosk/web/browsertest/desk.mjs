// Looks at the desk's page in Chromium. The Go test that starts this gives it the page's address, the password and the code of a
// payment. It prints one JSON document: what is wrong, and how many pages were looked at.

import { accessible } from "./accessible.mjs";
import { launch } from "./browser.mjs";

const [url, password, code] = process.argv.slice(2);
const browser = await launch();
const problems = [];
let looked = 0;

/** look notes what is wrong with the present page. */
async function look(page, what) {
  looked++;
  for (const p of await accessible(page)) problems.push(`${what}: ${p}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) problems.push(`${what}: ${wide} pixels too wide`);
}

const context = await browser.newContext({ ignoreHTTPSErrors: true });
const page = await context.newPage();
page.on("pageerror", (e) => problems.push(String(e)));

/** inEveryLook opens pages in both languages, light, dark and as narrow as a phone. */
async function inEveryLook(paths) {
  for (const language of ["en", "de"]) {
    await context.setExtraHTTPHeaders({ "Accept-Language": language });
    for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [360, "light"]]) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      for (const path of paths) {
        await page.goto(url + path);
        await look(page, `${path} in ${language}, ${width} wide, ${colorScheme}`);
      }
    }
  }
}

/** enter tries a password, of which few are looked at in a minute. */
async function enter(word) {
  await page.fill("input[name=password]", word);
  await page.click("form button");
}

await inEveryLook(["/login"]);
await enter("wrong");
await look(page, "a wrong password");
await enter(password);
await page.waitForSelector("input[name=code]");
await inEveryLook(["/", `/payment?code=${code}`, "/payment?code=0000-000"]);
console.log(JSON.stringify({ problems, looked }));
await browser.close();
