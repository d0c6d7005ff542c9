// tus-js-client: node tus_js.mjs URL RECORDING, in a folder with the package tus-js-client.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as tus from "tus-js-client";

const [url, recording] = process.argv.slice(2);
const data = readFileSync(recording);
const upload = (options) =>
  new Promise((resolve, reject) => {
    const one = new tus.Upload(data, {
      endpoint: `${url}/api/uploads`,
      chunkSize: 50_000,
      retryDelays: null,
      metadata: { filename: "talk.wav" },
      onError: reject,
      onSuccess: () => resolve(one.url),
      ...options,
    });
    one.start();
  });

const size = async (address) => (await (await fetch(address)).json()).offset;
assert.equal(await size(await upload({})), data.length);
assert.equal(await size(await upload({ overridePatchMethod: true })), data.length);
await assert.rejects(upload({ parallelUploads: 2 }), /concatenation is not supported/);
console.log("tus-js-client: passed");
