import assert from "node:assert/strict";
import { test } from "node:test";
import { settings } from "#page/settings.js";
import { RuleFields } from "#page/views/rules.js";
import { pretendDocument } from "./elements.js";
import { infoWith, option, yes } from "./server.js";

pretendDocument();

const SCRIPTS = ["simplified", "traditional"];
const info = infoWith(
  [option("chinese", { choices: SCRIPTS }), { values: [], refused: { simplified: "no OpenCC" } }],
  [option("remove_fillers", { type: "bool", default: false }), yes],
  [option("numerals", { choices: ["words", "digits"] }), { values: ["words"], refused: {} }],
  [option("replacements", { max_length: 100 }), yes],
);

test("rules that are set are sent, and stored", () => {
  const rules = new RuleFields(info, "rules");
  assert.deepEqual(rules.values(), {});
  assert.equal(rules.element.open, false);
  assert.match(rules.element.textContent, /no OpenCC/);
  rules.element.control("remove_fillers").checked = true;
  rules.element.control("numerals").value = "words";
  rules.element.control("replacements").value = "colour => color";
  rules.element.children[1].listeners.input();
  const sent = { remove_fillers: true, numerals: "words", replacements: "colour => color" };
  assert.deepEqual(rules.values(), sent);
  const reopened = new RuleFields(info, "rules");
  assert.equal(reopened.element.open, true);
  assert.deepEqual(reopened.values(), sent);
  assert.deepEqual(new RuleFields(info, "liveRules").values(), {});
  settings.set("rules", null);
});
