// Takes the pictures of the README from a report: its first screen, light and dark.
//
//     node scripts/picture.mjs REPORT.html FOLDER

import { resolve } from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(new URL("../tests/browser/package.json", import.meta.url))("playwright-core");

const [report, folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node scripts/picture.mjs REPORT.html FOLDER");
  process.exit(2);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const [colorScheme, name] of [["light", "report.png"], ["dark", "report-dark.png"]]) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, colorScheme });
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.screenshot({ path: resolve(folder, name) });
}
await browser.close();
