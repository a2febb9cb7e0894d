// The browser of all scripts here, which Go names: without a screen, and without what it does over the network by itself.

import { chromium } from "playwright-core";

export const launch = () => chromium.launch({
  executablePath: process.env.BROWSER,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
