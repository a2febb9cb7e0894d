// measure runs in the page and returns what is wrong with the layout of the present screen: what lies outside of the
// window, is cut off, is too small to read or to touch, or has too little contrast.
export function measure() {
  const problems = [];
  const smallestButton = 80; // px, 20 mm on the coarsest screen
  const smallestText = 22; // px
  const leastContrast = 7;
  const leastList = 168; // px: two fees are to be seen
  const lists = ".fees, .parts";
  const name = (e) => `<${e.tagName.toLowerCase()}${e.dataset.action ? " " + e.dataset.action : ""}> "${(e.textContent ?? "").trim().slice(0, 30)}"`;
  const ownText = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.textContent.trim() !== "");

  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const colour = numbers(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (e) => {
    const [light, dark] = [luminance(numbers(getComputedStyle(e).color)), luminance(ground(e))].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };

  const root = document.documentElement;
  if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) problems.push("the page is larger than the window");
  const veil = document.querySelector("#veil");
  const scope = veil.hidden ? document.querySelector("main") : veil;
  for (const e of scope.querySelectorAll("*")) {
    if (e.closest("svg") && e.tagName !== "svg") continue;
    const box = e.getBoundingClientRect();
    if (box.width === 0) continue; // not shown
    const list = e.closest(lists);
    const inList = list && list !== e;
    if (box.left < -0.5 || box.right > innerWidth + 0.5) problems.push(`${name(e)} is outside at the side`);
    if (!inList && (box.top < -0.5 || box.bottom > innerHeight + 0.5)) problems.push(`${name(e)} is outside above or below`);
    const section = e.closest("section");
    if (section && !inList) {
      const frame = section.getBoundingClientRect();
      if (box.top < frame.top - 0.5 || box.bottom > frame.bottom + 0.5) problems.push(`${name(e)} leaves its section`);
    }
    if (e.tagName === "svg") continue;
    const one = getComputedStyle(e).display === "inline";
    if (!one && e.scrollWidth > e.clientWidth + 1) problems.push(`${name(e)} is cut off at the side`);
    if (!one && !e.matches(lists) && e.scrollHeight > e.clientHeight + 1) problems.push(`${name(e)} is cut off below`);
    if (e.tagName === "BUTTON" && (box.width < smallestButton || box.height < smallestButton)) {
      problems.push(`${name(e)} is only ${box.width} x ${box.height}`);
    }
    if (ownText(e)) {
      if (parseFloat(getComputedStyle(e).fontSize) < smallestText) problems.push(`${name(e)} is written too small`);
      if (contrast(e) < leastContrast) problems.push(`${name(e)} has a contrast of ${contrast(e).toFixed(1)}`);
    }
    if (e.matches(lists) && e.scrollHeight > e.clientHeight && e.clientHeight < leastList) {
      problems.push(`the list is only ${e.clientHeight} high`);
    }
  }
  const buttons = [...scope.querySelectorAll("button")].filter((b) => b.getBoundingClientRect().width > 0);
  for (const [i, a] of buttons.entries()) {
    for (const b of buttons.slice(i + 1)) {
      if (a.closest(lists) !== b.closest(lists)) continue; // a list hides what is scrolled away
      const [p, q] = [a.getBoundingClientRect(), b.getBoundingClientRect()];
      const apart = Math.max(q.left - p.right, p.left - q.right, q.top - p.bottom, p.top - q.bottom);
      if (apart < 7.5) problems.push(`${name(a)} and ${name(b)} are only ${apart} apart`);
    }
  }
  return [...new Set(problems)];
}
