// The core walks in Firefox, over WebDriver BiDi: upload, correct, export, live captions.
//
//     node tests/page/firefox.js URL RECORDING FOLDER
//
// RECORDING is uploaded, and played into the microphone of PulseAudio. FOLDER gets the downloads and
// pictures.

import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import puppeteer from "puppeteer-core";

const [url, recording, folder] = process.argv.slice(2);
async function newPage(browser) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  page.setDefaultTimeout(90_000);
  const note = (text) => INTERRUPTED.test(text) || failures.push(text);
  page.on("pageerror", (error) => note(String(error)));
  page.on("console", (message) => message.type() === "error" && note(message.text()));
  return page;
}

const failures = [];
/** What Firefox reports of an event stream that a navigation closes. */
const INTERRUPTED = /interrupted while the page was loading/;

const button = (name) => `::-p-aria([name="${name}"][role="button"])`;

async function upload(page) {
  await page.goto(url);
  await page.waitForSelector(button("Choose files"));
  const input = await page.$("input[type=file]");
  await input.uploadFile(recording);
  const name = path.basename(recording);
  await page.locator(`::-p-aria([name="${name}"][role="link"])`).click();
  await page.waitForSelector(".segment");
}

async function correct(page) {
  await page.locator(".text").click({ offset: { x: 60, y: 12 } });
  await page.waitForFunction(() => !document.querySelector("audio").paused);
  await page.keyboard.down("Control");
  await page.keyboard.press("End");
  await page.keyboard.up("Control");
  await page.keyboard.type(" Indeed.");
  await page.waitForSelector("::-p-text(Unsaved)");
  await page.waitForSelector("::-p-text(Saved)");
  await page.reload();
  await page.waitForSelector(".segment");
  const text = await page.$eval(".text", (element) => element.textContent);
  if (!text.endsWith(" Indeed.")) throw new Error(`the correction is lost: ${text}`);
  await page.screenshot({ path: path.join(folder, "editor.png") });
}

async function exported(page) {
  await page.locator(button("Export")).click();
  await page.locator(button("Download srt")).click();
  const saved = path.join(folder, `${path.parse(recording).name}.srt`);
  for (let tries = 0; tries < 100; tries++) {
    const size = await stat(saved).then(
      (found) => found.size,
      () => 0,
    );
    if (size > 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const text = await readFile(saved, "utf8");
  if (!text.includes(" Indeed.")) throw new Error(`not in the export: ${text}`);
  await page.screenshot({ path: path.join(folder, "export.png") });
}

async function live(page) {
  await page.goto(`${url}/live`);
  await page.locator(button("Start")).click();
  await page.waitForSelector("::-p-text(Listening)");
  let captions = "";
  for (let plays = 0; plays < 3 && !captions.includes("river"); plays++) {
    await promisify(execFile)("paplay", [recording]); // the microphone hears it
    await new Promise((resolve) => setTimeout(resolve, 3000));
    captions = await page.$eval("#captions", (element) => element.textContent);
  }
  if (!captions.includes("river")) throw new Error(`not heard: ${captions}`);
  await page.screenshot({ path: path.join(folder, "live.png") });
  await page.locator(button("Stop")).click();
  await page.waitForSelector("::-p-text(Stopped.)");
}

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: process.env.FIREFOX,
  headless: true,
  extraPrefsFirefox: {
    "browser.download.dir": folder,
    "browser.download.folderList": 2,
    "browser.helperApps.neverAsk.saveToDisk": "application/x-subrip,text/plain",
    "intl.accept_languages": "en-GB",
    "media.autoplay.default": 0,
    "media.navigator.permission.disabled": true,
  },
});
try {
  const page = await newPage(browser);
  for (const walk of [upload, correct, exported, live]) {
    await walk(page);
    console.log(`${walk.name}: done`);
  }
  if (failures.length) throw new Error(failures.join("\n"));
} finally {
  await browser.close().catch(console.error);
}
