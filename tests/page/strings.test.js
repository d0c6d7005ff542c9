import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import de from "#page/strings/de.js";
import en from "#page/strings/en.js";
import { bytes, known, languageName, span, t } from "#page/strings/index.js";

const FOLDER = fileURLToPath(new URL("../../src/unispeech/server/static/", import.meta.url));
const files = readdirSync(FOLDER, { recursive: true });
const read = (name) => readFileSync(FOLDER + name, "utf8");

/** Placeholders of a text or of its plural forms. */
function blanks(text) {
  const forms = typeof text === "string" ? [text] : Object.values(text);
  return new Set(forms.flatMap((form) => form.match(/\{\w+\}/g) ?? []));
}

test("every language has the keys and blanks of English", () => {
  assert.deepEqual(Object.keys(de), Object.keys(en));
  for (const [key, text] of Object.entries(en)) {
    assert.deepEqual(blanks(de[key]), blanks(text), key);
  }
});

test("the page uses every text, and texts that exist", () => {
  const code = files
    .filter((name) => name.endsWith(".js"))
    .map(read)
    .join("\n");
  const keysMatching = (pattern) => Array.from(code.matchAll(pattern), ([, key]) => key);
  const used = keysMatching(/\bt\(\s*"([\w.]+)"/g);
  assert.deepEqual(
    used.filter((key) => !known(key)),
    [],
  );
  const quoted = new Set([...used, ...keysMatching(/"([a-z]\w*\.[\w.]+)"(?!:)/g)]);
  const patterns = keysMatching(/\bt\(\s*`([^`]+)`/g).map(
    (key) => new RegExp(`^${key.replaceAll(".", "\\.").replace(/\$\{[^}]*\}/g, ".+")}$`),
  );
  const unused = Object.keys(en).filter(
    (key) =>
      key.includes(".") && !quoted.has(key) && !patterns.some((pattern) => pattern.test(key)),
  );
  assert.deepEqual(unused, []);
});

test("the page loads nothing from other hosts and runs nothing inline", () => {
  for (const name of files.filter((file) => /\.(js|css|html|svg)$/.test(file))) {
    const text = read(name);
    const addresses = text.match(/https?:\/\/[^\s"'`)]*/g) ?? [];
    for (const address of addresses) {
      assert.ok(
        ["http://www.w3.org/2000/svg", "https://"].includes(address),
        `${name}: ${address}`,
      );
    }
    if (!name.endsWith(".html")) continue;
    assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/, name);
  }
});

test("texts take values and count", () => {
  assert.equal(t("error.busy", { seconds: 1000 }), en["error.busy"].replace("{seconds}", "1,000"));
  assert.match(t("recordings.retention", { count: 1 }), /a day/);
  assert.match(t("recordings.retention", { count: 7 }), /7 days/);
  assert.equal(t("no.such.key"), "no.such.key");
});

test("sizes, times and languages are written in words", () => {
  assert.equal(bytes(999), "999 byte");
  assert.equal(bytes(1_250_000), "1.3 MB");
  assert.deepEqual([span(40), span(120), span(9000)], ["40 sec", "2 min", "2.5 hr"]);
  assert.equal(languageName("de"), "German");
  assert.equal(languageName("x-none", "klingon"), "Klingon");
  assert.equal(languageName("x-none"), "x-none");
});
