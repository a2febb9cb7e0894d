// Drives the kiosk's page in Chromium. The Go test that starts this gives it the page's address, the address where the
// scripted station takes orders, and perhaps a folder for pictures. It prints one JSON line for each check:
// {"name": …, "problems": […]}.

import { launch } from "./browser.mjs";
import { accessible } from "./accessible.mjs";
import { measure } from "./measure.mjs";

const [url, station, pictures] = process.argv.slice(2);
const sizes = [[1024, 600], [1280, 800], [800, 1280], [1920, 1080]];
const pictured = /^(ready-many-languages|fees-many|confirm-no-paper|terminal-card|outcome-(booked|staff)|aids|leaving)$/; // in each look
const whole = ["de", "en"]; // whose screens are all drawn at every size; of the others a selection, unless pictures are asked for
const tight = /^(ready-many|languages|leaving|number$|pin-wrong|fees-many|fees-part|amount-over|confirm-(no-paper|part)|terminal-(card|reversing)|checking|outcome-|message-(being-booked|over-maximum|too-many-unknown)|out-of-service-(storage|settling)|touch|service$|service-(pa|test$))/;

const browser = await launch();

/** order asks something of the scripted station. */
async function order(path, method = "POST") {
  const answer = await fetch(station + path, { method });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

const taps = () => order("/taps", "GET");

/** until waits for something to become true. */
async function until(what, holds) {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never came true: ${what}`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

/** open loads the page in a window of its own and notes what the console complains of. */
async function open(width = 1280, height = 800) {
  const context = await browser.newContext({ viewport: { width, height }, hasTouch: true, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (m) => m.type() === "error" && page.complaints.push(m.text()));
  page.on("pageerror", (e) => page.complaints.push(String(e)));
  await page.goto(url);
  return page;
}

/** show brings an example to the page. */
async function show(page, name, language = "en", aids = []) {
  const number = await order(`/show/${name}/${language}?${aids.map((a) => "aid=" + a).join("&")}`);
  await shown(page, number);
  return number;
}

const shown = (page, number) => page.waitForSelector(`main[data-screen="${number}"]`, { timeout: 20_000 });

/** settled waits until the page no longer takes taps for ones meant for the screen before. */
const settled = (page) => page.waitForTimeout(300);

/** tap touches a button as a finger does. */
const tap = (page, action) => page.locator(`[data-action="${action}"]`).first().tap();

/** check runs one check and tells how it went. */
async function check(name, run) {
  const problems = [];
  try {
    await run(problems);
  } catch (e) {
    problems.push(String(e));
  }
  console.log(JSON.stringify({ name, problems }));
}

function same(problems, got, wanted, what) {
  if (JSON.stringify(got) !== JSON.stringify(wanted)) {
    problems.push(`${what}: ${JSON.stringify(got)}, want ${JSON.stringify(wanted)}`);
  }
}

const { examples, languages } = await order("/examples", "GET");

/** drawn are the examples of a language that are tried at a size. */
function drawn(language, width) {
  if (pictures || whole.includes(language)) return examples;
  return width < 1100 ? examples.filter((name) => tight.test(name)) : [];
}

// Each look of the screen at the sizes and in the languages where it is most likely to go wrong: contrast in one language, space in
// those with the longest words and in the one from right to left.
const looks = [
  { theme: "dark", aids: [], at: [[1280, 800]], in: ["en"] },
  { theme: "light", aids: ["high-contrast"], at: [[1280, 800]], in: ["en"] },
  { theme: "light", aids: ["large-text"], at: [[1024, 600], [800, 1280]], in: ["de", "uk", "ar"] },
  { theme: "light", aids: ["large-text", "reach"], at: [[800, 1280]], in: ["de", "fr", "ar"] },
  { theme: "dark", aids: ["large-text", "high-contrast", "reach"], at: sizes, in: [] }, // for the pictures
];
const nameOf = ({ theme, aids }) => [theme, ...aids].join(" with ");

for (const [width, height] of sizes) {
  await check(`every screen fits ${width}x${height}`, async (problems) => {
    const page = await open(width, height);
    for (const language of languages) {
      for (const name of drawn(language, width)) {
        await show(page, name, language);
        for (const p of await page.evaluate(measure)) problems.push(`${name} in ${language}: ${p}`);
        if (pictures) await page.screenshot({ path: `${pictures}/${width}x${height}-${name}-${language}.png` });
      }
    }
    same(problems, page.complaints, [], "the console complains");
    await page.context().close();
  });
}

await check("sentences as long as a library may make them fit, in both directions", async (problems) => {
  await order("/pseudo");
  for (const [width, height] of [[1024, 600], [800, 1280]]) {
    const page = await open(width, height);
    for (const language of ["en", "ar"]) {
      for (const name of width > height ? examples : examples.filter((name) => tight.test(name))) {
        await show(page, name, language);
        for (const p of await page.evaluate(measure)) problems.push(`${name} in the direction of ${language}, ${width}x${height}: ${p}`);
        if (pictures) await page.screenshot({ path: `${pictures}/${width}x${height}-${name}-pseudo-${language}.png` });
      }
    }
    await page.context().close();
  }
  await order("/catalogues");
});

for (const look of looks) {
  await check(`every screen fits in ${nameOf(look)}`, async (problems) => {
    await order("/theme/" + look.theme);
    for (const [width, height] of pictures ? sizes : look.at) {
      const page = await open(width, height);
      for (const language of pictures ? ["de", "ar"] : look.in) {
        const fewer = pictures || look.in.length === 1 ? examples : examples.filter((e) => tight.test(e));
        for (const name of fewer.filter((e) => look.aids.length === 0 || !e.startsWith("service"))) { // no aid outlasts a visit
          await show(page, name, language, look.aids);
          for (const p of await page.evaluate(measure)) problems.push(`${name} in ${language} at ${width}x${height}: ${p}`);
          if (look.aids.includes("reach") && height > width) {
            const top = await page.evaluate(() => document.querySelector("section").getBoundingClientRect().top);
            if (top < height / 3) problems.push(`${name}: something stands in the upper third, at ${top}`);
          }
          if (pictures && pictured.test(name)) {
            await page.screenshot({ path: `${pictures}/${width}x${height}-${name}-${language}-${[look.theme, ...look.aids].join("-")}.png` });
          }
        }
      }
      same(problems, page.complaints, [], "the console complains");
      await page.context().close();
    }
    await order("/theme/light");
  });
}

if (pictures) await check("pictures for the manual", async () => {
  for (const [file, theme, example, language, aids] of [
    ["light", "light", "fees", "en", []], ["dark", "dark", "terminal-card", "en", []],
    ["arabic", "light", "confirm", "ar", []], ["large-text", "light", "fees", "en", ["large-text", "high-contrast"]],
  ]) {
    await order("/theme/" + theme);
    const page = await open(1024, 600);
    await show(page, example, language, aids);
    await page.screenshot({ path: `${pictures}/manual-${file}.png` });
    await page.context().close();
  }
  await order("/theme/light");
});

await check("axe finds nothing, in any theme", async (problems) => {
  for (const [theme, aids] of [["light", []], ["dark", []], ["light", ["high-contrast", "large-text"]]]) {
    await order("/theme/" + theme);
    const page = await open();
    for (const language of pictures ? ["en", "ar", "zh"] : ["en"]) {
      for (const name of examples.filter((e) => pictures || tight.test(e))) {
        await show(page, name, language, aids);
        for (const p of await accessible(page)) problems.push(`${name} in ${language}, ${nameOf({ theme, aids })}: ${p}`);
      }
    }
    await page.context().close();
  }
  await order("/theme/light");
});

await check("a tap names its screen, its action and its value", async (problems) => {
  const page = await open();
  for (const [example, selector, name, value] of [
    ["ready", '[data-action="number"]', "number", ""],
    ["ready", '[data-action="language"][data-value="de"]', "language", "de"],
    ["number", '[data-action="digit"][data-value="7"]', "digit", "7"],
    ["number", '[data-action="erase"]', "erase", ""],
    ["pin", '[data-action="enter"]', "enter", ""],
    ["fees", '[data-action="choose"][data-value="4712"] .price', "choose", "4712"],
    ["fees", '[data-action="all"]', "all", ""],
    ["fees", '[data-action="pay"]', "pay", ""],
    ["confirm", '[data-action="back"]', "back", ""],
    ["confirm", '[data-action="confirm"]', "confirm", ""],
    ["terminal-card", '[data-action="cancel"]', "cancel", ""],
    ["receipt-failed", '[data-action="print"]', "print", ""],
    ["message-not-a-card", '[data-action="leave"]', "leave", ""],
    ["fees", '[data-action="leave"]', "leave", ""],
    ["leaving", '[data-action="leave"]', "leave", ""],
    ["leaving", "h1", "stay", ""], // a touch anywhere will do
  ]) {
    await order("/forget");
    const number = await show(page, example);
    await settled(page);
    await page.locator(selector).tap();
    await until(`the tap on ${selector}`, async () => (await taps()).acted?.length > 0);
    const wanted = value === "" ? { screen: number, name } : { screen: number, name, value };
    same(problems, (await taps()).acted, [wanted], `tap on ${selector} of ${example}`);
  }
  same(problems, page.complaints, [], "the console complains");
  await page.context().close();
});

await check("what a patron chose to see better holds from the next view on, and ends with the visit", async (problems) => {
  const page = await open();
  const marks = () => page.evaluate(() => document.documentElement.dataset.aids);
  const size = () => page.evaluate(() => parseFloat(getComputedStyle(document.querySelector(".lead")).fontSize));
  await show(page, "ready");
  const plain = await size();
  await show(page, "ready", "en", ["large-text", "high-contrast"]);
  same(problems, await marks(), "large-text high-contrast", "marks of the page");
  if ((await size()) < 1.3 * plain) problems.push(`large text is ${await size()}, of ${plain}`);
  await page.reload();
  same(problems, await marks(), "large-text high-contrast", "marks after a reload");
  await show(page, "ready", "en", ["curtain"]);
  same(problems, await page.evaluate(() => getComputedStyle(document.querySelector("main")).opacity), "0", "what is seen behind the curtain");
  await show(page, "ready");
  same(problems, await marks(), "", "marks for the next patron");
  same(problems, await size(), plain, "size of the letters for the next patron");
  await page.context().close();
});

await check("a reload comes back to the same screen", async (problems) => {
  const page = await open();
  for (const name of examples) {
    const number = await show(page, name, "de");
    const before = await page.locator("main").innerHTML();
    await page.reload();
    same(problems, await page.locator("main").getAttribute("data-screen"), String(number), `number of ${name} after a reload`);
    same(problems, await page.locator("main").innerHTML() === before, true, `content of ${name} is the same after a reload`);
  }
  await page.context().close();
});

await check("a double tap sends one action", async (problems) => {
  const page = await open();
  for (const [example, action] of [["fees", "pay"], ["confirm", "confirm"], ["fees", "choose"], ["ready", "number"]]) {
    await order("/forget");
    const number = await show(page, example);
    await settled(page);
    await order("/deaf"); // the first tap is still under way when the second comes
    await tap(page, action);
    await tap(page, action);
    await order("/hear");
    await until("a tap", async () => (await taps()).acted?.length > 0);
    await show(page, example); // the answer to it has come when this screen has
    same(problems, (await taps()).acted.map((a) => [a.screen, a.name]), [[number, action]], `taps on ${action}`);
    same(problems, (await taps()).stale, null, `stale taps on ${action}`);
  }
  await page.context().close();
});

await check("a tap just after a new screen is not meant for it", async (problems) => {
  const page = await open();
  await order("/forget");
  await show(page, "fees");
  await settled(page);
  await order("/show/confirm/en");
  // the finger comes down in the moment in which the screen changes
  await page.evaluate(() => new Promise((resume) => {
    const main = document.querySelector("main");
    const look = () => {
      if (main.dataset.name !== "confirm") return setTimeout(look);
      main.querySelector("[data-action=confirm]").click();
      resume();
    };
    look();
  }));
  await settled(page);
  await tap(page, "back"); // a later tap is
  await until("the later tap", async () => (await taps()).acted?.length > 0);
  same(problems, (await taps()).acted.map((a) => a.name), ["back"], "taps");
  await page.context().close();
});

await check("a stale tap does nothing and the page goes on", async (problems) => {
  const page = await open();
  await order("/forget");
  const number = await show(page, "fees");
  await settled(page);
  await order("/deaf");
  await tap(page, "pay");
  const newer = await show(page, "fees"); // the screen changes while the tap is under way
  await order("/hear");
  await until("the stale tap is refused", async () => (await taps()).stale?.length > 0);
  same(problems, (await taps()).stale.map((a) => a.screen), [number], "refused taps");
  same(problems, (await taps()).acted, null, "taps that were taken");
  await settled(page);
  await tap(page, "all");
  await until("the tap on the newer screen", async () => (await taps()).acted?.length > 0);
  same(problems, (await taps()).acted.map((a) => [a.screen, a.name]), [[newer, "all"]], "taps");
  await page.context().close();
});

await check("digits typed one after the other all arrive", async (problems) => {
  const page = await open();
  await order("/forget");
  await show(page, "number-empty");
  await settled(page);
  for (const [place, digit] of [..."2001"].entries()) {
    await settled(page); // two touches of one key in a moment are one finger
    await page.locator(`[data-action="digit"][data-value="${digit}"]`).tap();
    await until(`digit ${digit} at place ${place}`, async () => (await taps()).acted?.length === place + 1);
    await show(page, "number");
  }
  same(problems, (await taps()).acted.map((a) => a.value).join(""), "2001", "digits");
  await page.context().close();
});

await check("the list stays where it was scrolled to and the focus where it was", async (problems) => {
  const page = await open(1024, 600);
  await show(page, "fees-many");
  await page.evaluate(() => {
    document.querySelector('[data-value="words"]').focus();
    document.querySelector(".fees").scrollTop = 200;
  });
  await show(page, "fees-many");
  same(problems, await page.evaluate(() => document.querySelector(".fees").scrollTop), 200, "scrolled to");
  same(problems, await page.evaluate(() => document.activeElement.dataset.value), "words", "focus");
  await show(page, "confirm");
  same(problems, await page.evaluate(() => document.activeElement.tagName), "H1", "focus on a new screen");
  same(problems, await page.evaluate(() => document.documentElement.lang), "en", "language of the document");
  await page.context().close();
});

await check("a long list is reached to its end by taps alone", async (problems) => {
  const page = await open(1024, 600);
  await order("/forget");
  await page.setViewportSize({ width: 1280, height: 800 });
  await show(page, "fees");
  same(problems, await page.locator(".scroll").isVisible(), false, "buttons beside a short list");
  await page.setViewportSize({ width: 1024, height: 600 });
  await show(page, "fees-many");
  const up = page.locator("[data-scroll=up]"), down = page.locator("[data-scroll=down]");
  same(problems, await up.isDisabled(), true, "up is of no use at the top");
  for (let i = 0; i < 20 && !(await down.isDisabled()); i++) {
    const from = await page.evaluate(() => document.querySelector(".fees").scrollTop);
    await down.tap();
    await until("the list moves", () => page.evaluate((f) => document.querySelector(".fees").scrollTop > f, from));
    await page.evaluate(() => new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(resume))));
  }
  same(problems, await down.isDisabled(), true, "down is of no use at the end");
  await up.tap();
  await until("the list moves back", () => down.isEnabled());
  same(problems, (await taps()).acted, null, "taps sent to the station");
  await page.context().close();
});

await check("three hundred hostile fees fit, and the last is reached", async (problems) => {
  for (const [width, height] of sizes) {
    const page = await open(width, height);
    await show(page, "fees-hostile");
    problems.push(...(await page.evaluate(measure)));
    const down = page.locator("[data-scroll=down]");
    await page.evaluate(() => { document.querySelector(".fees").scrollTop = 1e6; });
    await until("the end of the list", () => down.isDisabled());
    same(problems, await page.locator("[data-fee=f299]").isVisible(), true, "the last fee");
    problems.push(...page.complaints);
    await page.context().close();
  }
});

await check("what is new is said to screen readers", async (problems) => {
  const page = await open();
  await show(page, "outcome-follows");
  const words = await page.locator("#said").textContent();
  for (const wanted of ["Paid.", "was charged to your bank card", "Please do not pay again."]) {
    if (!words.includes(wanted)) problems.push(`${JSON.stringify(words)} lacks ${wanted}`);
  }
  await page.context().close();
});

await check("a station that goes away is waited for, and found again when it was started anew", async (problems) => {
  const page = await open();
  await show(page, "fees");
  const token = () => page.evaluate(() => document.querySelector("meta[name=token]").content);
  const before = await token();
  await order("/stop");
  await page.waitForSelector("#veil:not([hidden])", { timeout: 20_000 });
  for (const p of await page.evaluate(measure)) problems.push(`while the station is away: ${p}`);
  const number = await order("/show/outcome-follows/de"); // what happened meanwhile
  await order("/start");
  await shown(page, number);
  await page.waitForSelector("#veil", { state: "hidden", timeout: 20_000 });
  same(problems, (await token()) !== before, true, "the page has the new token");
  const next = await show(page, "outcome-booked", "de"); // the stream is alive
  await order("/forget");
  await settled(page);
  await tap(page, "leave");
  await until("a tap after the restart", async () => (await taps()).acted?.length > 0);
  same(problems, (await taps()).acted.map((a) => a.screen), [next], "taps");
  await page.context().close();
});

await check("the veil speaks the first language and the patron's, and has room for them", async (problems) => {
  for (const [width, height] of sizes) {
    await order("/show/ready-many-languages/en");
    const page = await open(width, height);
    const spoken = () => page.evaluate(() => {
      document.querySelector("#veil").removeAttribute("hidden");
      return [...document.querySelectorAll("#veil p")].filter((p) => !p.hidden).map((p) => p.lang);
    });
    same(problems, await spoken(), [languages[0], "en"], "languages after the page was loaded");
    for (const language of languages.slice(1)) {
      await show(page, "ready-many-languages", language);
      same(problems, await spoken(), [languages[0], language], `languages for a patron who reads ${language}`);
      for (const p of await page.evaluate(measure)) problems.push(`${width}x${height}: ${p}`);
    }
    await page.context().close();
  }
});

await check("a page that is followed tells the station so, after a restart too", async () => {
  const page = await open();
  await until("the station is watched", async () => (await taps()).watched);
  await order("/stop");
  await order("/start");
  await until("it is watched again", async () => (await taps()).watched);
  await page.context().close();
});

await check("the page of the disk says that the station is out of order, and goes on to it when it is there", async (problems) => {
  await order("/stop");
  const context = await browser.newContext({ viewport: { width: 1024, height: 600 } });
  const page = await context.newPage();
  await page.clock.install();
  const disk = new URL("../../../systemd/share/out-of-order.html", import.meta.url);
  await page.goto(disk + "#" + url + "/");
  same(problems, await page.isVisible(".down"), false, "out of order before its time");
  await page.clock.runFor(91_000);
  same(problems, await page.isVisible(".down"), true, "out of order");
  const languages = new Set();
  for (let n = 0; n < 6; n++) {
    for (const section of await page.locator(".down section:visible").all()) {
      languages.add(await section.getAttribute("lang"));
      const box = await section.boundingBox();
      if (box.x < 0 || box.y < 0 || box.x + box.width > 1024 || box.y + box.height > 600) problems.push("outside of the screen: " + (await section.innerText()));
    }
    same(problems, await page.locator(".down section:visible").count(), 2, "languages at once");
    await page.clock.runFor(8_000);
  }
  same(problems, languages.size, 11, "languages");
  const before = await page.locator(".down section:visible").first().innerText();
  await page.mouse.click(500, 300);
  if (before === (await page.locator(".down section:visible").first().innerText())) problems.push("a touch brings no other languages");
  await order("/start");
  await until("the station's page", async () => {
    await page.clock.runFor(2_000);
    return page.url() === url + "/" && (await page.locator("main[data-name]").count()) === 1;
  });
  await context.close();
});

await check("a page that is closed leaves no stream behind", async () => {
  await until("all streams end", async () => (await taps()).watching === 0);
});

await browser.close();
