// Server-sent events read with fetch, because EventSource cannot send a key.

import { request } from "./api.js";

const WAIT = [500, 1000, 2000, 4000, 8000];

/**
 * Follows a stream until `signal` is aborted, coming back after every loss. `on` is {event: data =>}
 * and `connection` (true or false as it comes and goes); a handler that returns "end" ends it.
 */
export async function follow(path, on, signal) {
  let last = null;
  let lost = 0;
  while (!signal.aborted) {
    try {
      const answer = await request(path, {
        signal,
        headers: last ? { "Last-Event-ID": last } : {},
      });
      on.connection?.(true);
      for await (const event of read(answer.body)) {
        lost = 0;
        last = event.id ?? last;
        if (on[event.type]?.(event.data) === "end") return;
      }
      if (on.over?.() === "end") return;
    } catch (error) {
      if (signal.aborted) return;
      if ([401, 403, 404].includes(error.status)) throw error;
    }
    if (signal.aborted) return;
    if (lost) on.connection?.(false); // once is soon mended and not worth a word
    await pause(WAIT[Math.min(lost++, WAIT.length - 1)], signal);
  }
}

async function* read(body) {
  let rest = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = parsed(block);
      if (event) yield event;
    }
  }
}

function parsed(block) {
  const event = { type: "message", id: null };
  const data = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const [name, value] = [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
    if (name === "event") event.type = value;
    if (name === "id") event.id = value;
    if (name === "data") data.push(value);
  }
  return data.length ? { ...event, data: JSON.parse(data.join("\n")) } : null;
}

export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
