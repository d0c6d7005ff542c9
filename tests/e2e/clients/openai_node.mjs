// openai-node: node openai_node.mjs URL RECORDING, in a folder with the package openai.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import OpenAI, { AzureOpenAI, toFile } from "openai";
import { VERSION } from "openai/version";

const [url, recording] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });
const create = (fields) =>
  client.audio.transcriptions.create({
    model: "whisper-1",
    file: createReadStream(recording),
    ...fields,
  });

assert.match((await create({ language: "auto" })).text, /garden/);
assert.match(await create({ response_format: "vtt" }), /^WEBVTT/);
const verbose = await create({
  response_format: "verbose_json",
  timestamp_granularities: ["word", "segment"],
});
assert.ok(verbose.words.length && verbose.segments[0].tokens.length);
assert.ok((await create({ include: ["logprobs"] })).logprobs.length);
const types = [];
for await (const event of await create({ stream: true })) types.push(event.type);
assert.equal(types.at(-1), "transcript.text.done");
const file = await toFile(await readFile(recording), "talk.wav");
const azure = new AzureOpenAI({ endpoint: url, apiKey: "any", apiVersion: "2024-06-01" });
assert.match((await azure.audio.transcriptions.create({ model: "whisper", file })).text, /garden/);
console.log(`openai-node ${VERSION}: passed`);
