// The page of the self-pay station. It shows what the event stream says and sends taps back, each with the number of
// the screen it was made on. It keeps nothing of a patron and may be reloaded or killed at any moment.

export {}; // so that these names are not the window's

/** One view, as the event stream sends it. */
interface Shown {
  number: number;
  name: string;
  language: string;
  direction: string;
  aids: string;
  html: string;
}

/** Where a patron who uses keys is: at a choice of the screen, or before the first one, -1. */
interface Place {
  number: number;
  place: number;
}

const ghost = 250; // ms after a new screen in which a tap was meant for the one before
const bounce = 80; // ms in which a second tap on a key of the keypad is the same finger
const doubled = 350; // ms in which a second tap on anything else is the same wish
const uneasy = 5000; // ms without a word from the station until the veil is shown
const alive = 5000; // ms between two words to the station that it is followed
const again = 500; // ms between two tries to open the stream
const patience = 3000; // ms until a tap that changed nothing may be followed by another

const main = find("main");
const said = find("#said");
const veil = find("#veil");
const token = document.querySelector<HTMLMetaElement>("meta[name=token]")?.content ?? "";

let number = Number(main.dataset["screen"]);
let changed = performance.now(); // when another screen came up
let heard = performance.now(); // when the station last said anything
let told = -Infinity; // when it was last told that it is followed
let acted = { number: 0, until: 0, wish: "", at: -Infinity }; // the last tap that was sent

function find(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

/** show puts a view on the screen. A view that is shown already, or older, changes nothing. */
function show(next: Shown): void {
  if (next.number <= number) return;
  const other = next.name !== main.dataset["name"];
  const focus = wishOf(document.activeElement);
  const scrolled = main.querySelector(".list > ul")?.scrollTop ?? 0;
  main.innerHTML = next.html;
  main.dataset["screen"] = String(next.number);
  main.dataset["name"] = next.name;
  main.dataset["again"] = String(!other); // a drawing that was drawn stays
  document.documentElement.lang = next.language;
  document.documentElement.dir = next.direction;
  document.documentElement.dataset["aids"] = next.aids;
  unveil(next.language);
  number = next.number;
  if (other) {
    changed = performance.now();
    main.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  } else {
    const list = main.querySelector(".list > ul");
    fit(); // the buttons take some of the width
    if (list) list.scrollTop = scrolled;
    const same = [...main.querySelectorAll<HTMLButtonElement>("button")].find((b) => focus !== "" && wishOf(b) === focus);
    same?.focus({ preventScroll: true });
  }
  fit();
  speak();
}

/** stand shows where a patron who uses keys is. */
function stand(at: Place): void {
  if (at.number !== number) return;
  for (const e of main.querySelectorAll("[data-here]")) e.removeAttribute("data-here");
  const here = at.place < 0 ? main.querySelector<HTMLElement>("h1") : main.querySelectorAll<HTMLElement>("[data-action]")[at.place];
  here?.setAttribute("data-here", "");
  here?.focus();
}

/** unveil lets the veil speak two languages, the station's first one and the patron's. */
function unveil(language: string): void {
  for (const p of [...veil.querySelectorAll("p")].slice(1)) p.hidden = veil.children.length > 2 && p.lang !== language;
}

/** fit shows the buttons beside a list that is longer than its place, and which of them lead on. */
function fit(): void {
  const list = main.querySelector(".list > ul");
  const buttons = main.querySelector<HTMLElement>(".scroll");
  if (!list || !buttons) return;
  buttons.hidden = list.scrollHeight <= list.clientHeight;
  for (const b of buttons.querySelectorAll("button")) {
    const end = b.dataset["scroll"] === "up" ? 0 : list.scrollHeight - list.clientHeight;
    b.disabled = Math.abs(list.scrollTop - end) < 2;
  }
}

/** move shifts the list by most of what is seen of it. */
function move(where: string): void {
  const list = main.querySelector(".list > ul");
  list?.scrollBy({ top: (where === "up" ? -0.8 : 0.8) * list.clientHeight });
}

/** speak gives what is new on the screen to screen readers. */
function speak(): void {
  const words = [...main.querySelectorAll("[data-spoken]")].map((e) => e.textContent?.replace(/\s+/g, " ").trim());
  const text = words.join(" ");
  if (said.textContent !== text) said.textContent = text;
}

/** wishOf names what a button asks for, empty where it is none. */
function wishOf(e: Element | null): string {
  if (!(e instanceof HTMLButtonElement) || !e.dataset["action"]) return "";
  return `${e.dataset["action"]} ${e.dataset["value"] ?? ""}`;
}

/** tap sends what a button asks for: once for each screen, and never what may have been meant for the screen before. */
async function tap(button: HTMLButtonElement): Promise<void> {
  const now = performance.now();
  const wish = wishOf(button);
  const typing = button.closest(".keypad") !== null;
  if (wish === "" || button.disabled || now - changed < ghost) return;
  if (acted.number === number && now < acted.until) return;
  if (acted.wish === wish && now - acted.at < (typing ? bounce : doubled)) return;
  acted = { number, until: now + patience, wish, at: now };
  const mine = acted;
  try {
    const answer = await fetch("/act", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Token": token },
      body: JSON.stringify({ screen: number, name: button.dataset["action"], value: button.dataset["value"] ?? "" }),
    });
    if (answer.status === 403) location.reload();
    if (!answer.ok) mine.until = 0; // nothing was done: it may be asked again
  } catch {
    mine.until = 0; // the station refuses it if the first one arrived after all
  }
}

/** tell lets the station know that somebody follows it: a browser whose page is silent is started again. */
function tell(): void {
  if (heard - told < alive) return;
  told = heard;
  fetch("/watch", { method: "POST", headers: { "X-Token": token } }).catch(() => undefined); // the stream finds out too
}

/** follow reads one event stream to its end. */
async function follow(): Promise<void> {
  const answer = await fetch("/events?token=" + encodeURIComponent(token), { cache: "no-store" });
  if (answer.status === 403) {
    location.reload(); // the program was started anew; its page knows the new token
    return;
  }
  if (!answer.ok || !answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = ""; // what the next data is
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard = performance.now();
    veil.hidden = true;
    tell();
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") event = "";
      if (line.startsWith("event: ")) event = line.slice(7);
      if (!line.startsWith("data: ")) continue;
      if (event === "focus") stand(JSON.parse(line.slice(6)) as Place);
      else show(JSON.parse(line.slice(6)) as Shown);
    }
  }
}

/** watch follows the station for ever. */
async function watch(): Promise<void> {
  for (;;) {
    try {
      await follow();
    } catch {
      // the station is away; the veil says so after a while
    }
    await new Promise((resume) => setTimeout(resume, again));
  }
}

main.addEventListener("click", (e) => {
  const touched = e.target instanceof Element ? e.target.closest("button") : null;
  const button = touched ?? main.querySelector<HTMLButtonElement>("button[data-anywhere]"); // it takes what meets no other
  const where = button?.dataset["scroll"];
  if (where !== undefined) move(where);
  else if (button) void tap(button);
});
main.addEventListener("scroll", fit, { capture: true });
window.addEventListener("resize", fit);
document.addEventListener("contextmenu", (e) => e.preventDefault());
setInterval(() => {
  if (performance.now() - heard > uneasy) veil.hidden = false;
}, 500);
unveil(document.documentElement.lang);
fit();
speak();
void watch();
