import assert from "node:assert/strict";
import { test } from "node:test";
import { Rerun } from "#page/editor/rerun.js";
import { pretendDocument } from "./elements.js";

pretendDocument();

test("a run that leaves the text alone is not shown as a new transcription", () => {
  const rerun = new Rerun("recording", async () => {});
  const job = { id: "other", parent: "recording", range: [0, null], applied: null, duration: 9 };
  for (const state of ["queued", "running", "done"]) {
    rerun.show({ ...job, applies: false, state });
    assert.ok(rerun.element.hidden);
  }
});
