// Opens a report in a real browser and checks what a reader would see.
//
//     node check.mjs REPORT.html [--full | SECTION...]
//
// Ends with status 1 and one line for each fault. The sections default to those that every report of the matrix has;
// a full report has one of every experiment, with its data.

import { execFile } from "node:child_process";
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

const SECTIONS = ["verdict", "trust", "ranking", "workloads", "stability", "method"];
/** What a section of a full report is there for. */
const DATA = {
  verdict: ".verdict .answer",
  trust: ".facts dd",
  ranking: "#ranking-table tbody td",
  workloads: "article.work svg.chart",
  scaling: "svg.chart",
  granularity: "svg.chart",
  latency: "svg.chart",
  resources: "svg.chart",
  timers: "table",
  memory: "svg.chart",
  switches: "table",
  timelines: "svg.chart",
  stability: "svg.chart",
  method: "pre code",
};
const WIDTHS = [390, 1440];
/** The width of A4 between margins of a centimetre, in CSS pixels. */
const PAPER = 718;
const ATTEMPTS = 3;

const [file, ...others] = process.argv.slice(2);
if (!file) {
  console.error("usage: node check.mjs REPORT.html [--full | SECTION...]");
  process.exit(2);
}
const url = pathToFileURL(resolve(file)).href;
const full = others.includes("--full");
const wanted = full ? Object.keys(DATA) : others;
const sections = wanted.length > 0 ? wanted : SECTIONS;
const faults = [];
const expect = (holds, fault) => {
  if (!holds) faults.push(fault);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

/** A page that reports everything it should not do. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`script error: ${error.message}`));
  page.on("dialog", async (dialog) => {
    faults.push(`a dialog opened: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) faults.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

const firstNames = (page) => page.$$eval("#ranking-table tbody tr:not([hidden])", (rows) => rows.map((row) => row.dataset.name));
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

async function checkSections(page) {
  for (const id of sections) {
    const words = await page.locator(`section#${id}`).innerText().catch(() => "");
    expect(words.trim().length > 20, `section ${id} is missing or empty`);
  }
  for (const [id, data] of Object.entries(full ? DATA : {})) {
    expect(await page.locator(`section#${id}`).locator(data).count() > 0, `section ${id} has none of its data`);
  }
  const ids = await page.$$eval("[id]", (elements) => elements.map((element) => element.id));
  expect(new Set(ids).size === ids.length, "an id is used twice");
  const nameless = await page.$$eval("svg.chart", (charts) =>
    charts.filter((chart) => !chart.querySelector("title")?.textContent || !chart.querySelector("desc")?.textContent).length);
  expect(nameless === 0, `${nameless} charts have no title or description`);
  const tables = await page.$$eval("figure", (figures) =>
    figures.filter((figure) => !figure.querySelector("details table thead")).length);
  expect(tables === 0, `${tables} charts have no table of their figures`);
}

async function checkSorting(page) {
  const heads = page.locator("#ranking-table thead th");
  const before = await firstNames(page);
  for (const [how, press] of [
    ["pointer", (button) => button.click()],
    ["keyboard", async (button) => { await button.focus(); await page.keyboard.press("Enter"); }],
  ]) {
    await press(heads.first().locator("button"));
    const names = await firstNames(page);
    const direction = await heads.first().getAttribute("aria-sort");
    const sorted = [...names].sort((a, b) => a.localeCompare(b));
    if (direction === "descending") sorted.reverse();
    expect(direction !== null && names.join() === sorted.join(), `sorting by name does not work by ${how}`);
  }
  await heads.nth(1).locator("button").click();
  const values = await page.$$eval("#ranking-table tbody tr", (rows) => rows.map((row) => row.cells[1].dataset.v));
  const numbers = values.filter((value) => value !== "").map(Number);
  expect(numbers.every((value, index) => index === 0 || numbers[index - 1] <= value), "sorting by a figure does not work");
  expect(values.indexOf("") === -1 || values.indexOf("") >= numbers.length, "a cell without a figure sorts before one");
  expect((await firstNames(page)).length === before.length, "sorting loses rows");
}

async function checkFilter(page) {
  const all = await firstNames(page);
  const part = all[0].slice(0, 4);
  await page.locator("#filter").focus();
  await page.keyboard.type(part);
  const fitting = await page.$$eval("#ranking-table tbody tr", (rows, part) =>
    rows.filter((row) => row.dataset.name.includes(part) || row.dataset.also.includes(part)).map((row) => row.dataset.name), part);
  const names = await firstNames(page);
  expect(names.length > 0 && names.join() === fitting.join(), "the filter by name does not work");
  await page.locator("#filter").fill("");
  expect((await firstNames(page)).length === all.length, "clearing the filter does not bring the rows back");
  const family = page.locator("#controls button[data-family]").first();
  const press = { pointer: () => family.click(), keyboard: async () => { await family.focus(); await page.keyboard.press("Space"); } };
  for (const [how, act] of Object.entries(press)) {
    await act();
    const shown = await page.$$eval("#ranking-table tbody tr:not([hidden])", (rows) => new Set(rows.map((row) => row.dataset.family)).size);
    expect(shown === 1, `the filter by family does not work by ${how}`);
    await act();
  }
  expect((await firstNames(page)).length === all.length, "releasing the family does not bring the rows back");
}

async function checkHighlight(page) {
  const faded = () => page.$$eval(".chart [data-m]", (marks) => marks.filter((mark) => Number(getComputedStyle(mark).opacity) < 0.5).length);
  const models = await page.$$eval(".chart [data-m]", (marks) => new Set(marks.map((mark) => mark.dataset.m)).size);
  if (models < 2) return;
  const name = page.locator("#ranking-table .name").first();
  await name.click();
  expect((await name.getAttribute("aria-pressed")) === "true" && (await faded()) > 0, "highlighting does not work by pointer");
  await page.keyboard.press("Escape");
  expect((await faded()) === 0, "Escape does not end the highlight");
  await name.focus();
  await page.keyboard.press("Enter");
  expect((await faded()) > 0, "highlighting does not work by keyboard");
  await page.keyboard.press("Enter");
  await page.locator("#highlight").focus();
  await page.keyboard.press("ArrowDown");
  expect((await faded()) > 0, "the list of models does not highlight");
  await page.keyboard.press("Escape");
}

async function checkTips(page) {
  const tip = page.locator("#tip");
  const charts = await page.$$("svg.chart");
  for (const chart of charts) {
    if (!(await chart.isVisible())) continue;
    const marks = await chart.evaluate((svg) => [...svg.querySelectorAll("g>title,path>title,rect>title")].length);
    if (marks === 0) continue;
    await chart.focus();
    await page.keyboard.press("ArrowRight");
    const first = await tip.textContent();
    expect((await tip.isVisible()) && first !== "", "the arrow keys show no figure");
    await page.keyboard.press("ArrowRight");
    expect(marks === 1 || (await tip.textContent()) !== first || marks > 200, "the arrow keys do not move on");
    await page.keyboard.press("Escape");
    expect(!(await tip.isVisible()), "Escape does not hide the figure");
    break;
  }
  const mark = page.locator("svg.chart .p").first();
  if ((await mark.count()) > 0) {
    // The bar of sections may lie over a mark at the upper edge.
    await mark.evaluate((element) => element.scrollIntoView({ block: "center", behavior: "instant" }));
    // Scrolling hides the figure, and its event comes with the next frame.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await mark.hover({ force: true });
    const shown = await tip.waitFor({ state: "visible", timeout: 5000 }).then(() => true, () => false);
    expect(shown, "the pointer shows no figure");
    await page.mouse.move(0, 0);
  }
}

async function checkTheme(page) {
  const theme = page.locator("#theme");
  const seen = new Set();
  for (let turn = 0; turn < 3; turn += 1) {
    if (turn === 1) await theme.click();
    else { await theme.focus(); await page.keyboard.press("Enter"); }
    seen.add(await background(page));
  }
  expect(seen.size === 2, "the theme switch does not reach light and dark");
}

async function checkWidths(page) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide <= 0, `the page scrolls sideways by ${wide} px at ${width} px`);
  }
}

async function checkAxe(page, scheme) {
  const source = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  await page.evaluate(await readFile(source, "utf8"));
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of result.violations) {
    if (["serious", "critical"].includes(violation.impact)) {
      const where = violation.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
      faults.push(`axe (${scheme}): ${violation.id}: ${violation.help}: ${where} (${violation.nodes.length})`);
    }
  }
}

async function checkWithoutScript() {
  const page = await open({ javaScriptEnabled: false });
  const text = await page.locator("main").innerText();
  expect(text.length > 500, "without script the page says nothing");
  expect(!(await page.locator("#controls").isVisible()), "without script there are controls that do nothing");
  await page.context().close();
}

/** A figure and no check: what it comes to depends on what else the machine does. */
async function sayLoad() {
  const times = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const page = await open();
    times.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd));
    await page.context().close();
  }
  const size = await page.evaluate(() => document.documentElement.outerHTML.length);
  console.log(`load event after ${Math.min(...times).toFixed(0)} ms at best, ${size} characters`);
}

/** What lies beside the page is there. The record itself is not the report's to write. */
async function checkLinks(page) {
  const links = await page.$$eval("a[href]", (anchors) => anchors.map((anchor) => anchor.getAttribute("href")));
  for (const link of new Set(links)) {
    if (link.startsWith("#")) expect(await page.locator(`[id="${link.slice(1)}"]`).count() === 1, `${link} leads nowhere`);
    else if (link !== "results.json") {
      const beside = await access(join(dirname(resolve(file)), decodeURIComponent(link))).then(() => true, () => false);
      expect(beside, `${link} is not beside the page`);
    }
  }
}

/** On paper: the answer is legible, nothing is cut off, and what only a pointer can use is gone. */
async function checkPrint() {
  const page = await open({ viewport: { width: PAPER, height: 1000 } });
  const answers = await page.locator("#verdict .answer, #verdict td[data-label]").allInnerTexts();
  expect(answers.length > 0, "there is no answer to print");
  await page.emulateMedia({ media: "print" });
  expect(!(await page.locator("nav.toc").isVisible()), "the navigation is printed");
  const cut = await page.evaluate((paper) => {
    const shown = (element) => element.checkVisibility() && element.getClientRects().length > 0;
    const wide = [...document.querySelectorAll("main *")].filter((element) => !element.closest("svg") || element.matches("svg.chart"))
      .filter((element) => shown(element) && element.getBoundingClientRect().right > paper + 1);
    return [...new Set(wide.map((element) => `${element.closest("section")?.id} ${element.tagName.toLowerCase()}`))];
  }, PAPER);
  expect(cut.length === 0, `cut off on paper: ${cut.slice(0, 5).join(", ")}`);
  const folder = await mkdtemp(join(tmpdir(), "print-"));
  const path = join(folder, "report.pdf");
  await page.pdf({ path, format: "A4", margin: { top: "1cm", right: "1cm", bottom: "1cm", left: "1cm" } });
  const { stdout } = await promisify(execFile)("pdftotext", ["-raw", path, "-"], { maxBuffer: 1 << 26 });
  // As they stand in the page, field by field of a table. A word that ends its line with a hyphen loses it on the way.
  const words = (text) => text.replace(/[\s-]+/g, "");
  // Text that runs from right to left comes back in another order.
  const plain = answers.filter((answer) => /^[\x20-\x7e]*$/.test(answer));
  for (const answer of plain) expect(words(stdout).includes(words(answer)), `not on paper: ${answer}`);
  await rm(folder, { recursive: true });
  await page.context().close();
}

async function checkMarkup() {
  const report = await new HtmlValidate({ extends: ["html-validate:standard"] }).validateFile(resolve(file));
  for (const result of report.results) {
    for (const message of result.messages.filter((message) => message.severity === 2).slice(0, 10)) {
      faults.push(`html: ${message.line}:${message.column} ${message.ruleId}: ${message.message}`);
    }
  }
}

const page = await open({ colorScheme: "light" });
await sayLoad();
await checkSections(page);
await checkLinks(page);
expect((await page.evaluate(() => window.pwned)) === undefined, "something in the record ran as script");
if (sections.includes("ranking")) {
  await checkSorting(page);
  await checkFilter(page);
  await checkHighlight(page);
}
await checkTips(page);
await checkTheme(page);
await page.context().close();
for (const scheme of ["light", "dark"]) {
  const themed = await open({ colorScheme: scheme });
  await checkWidths(themed);
  await checkAxe(themed, scheme);
  await themed.context().close();
}
await checkWithoutScript();
await checkPrint();
await checkMarkup();
await browser.close();

for (const fault of new Set(faults)) console.log(fault);
console.log(faults.length === 0 ? "the report is fine" : `${new Set(faults).size} faults`);
process.exit(faults.length === 0 ? 0 : 1);
