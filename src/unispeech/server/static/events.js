// Server-sent events read with fetch, because EventSource cannot send a key.

/** @import { ServerEvents } from "./service.d.ts" */

import { request, statusOf } from "./api.js";

const WAIT = [500, 1000, 2000, 4000, 8000];

/**
 * Callbacks of a stream: `events` by type, `connection` when it is lost or restored, `isOver` after it has
 * ended. The stream is not reopened if an event returns "end" or `isOver` returns true.
 * @typedef {{
 *   events: { [Type in keyof ServerEvents]?: (data: ServerEvents[Type]) => "end" | void },
 *   connection?: (isThere: boolean) => void,
 *   isOver?: () => boolean,
 * }} Listener
 */

/**
 * Follow a stream until `signal` is aborted, reconnecting after every loss.
 * @param {string} path
 * @param {Listener} listener
 * @param {AbortSignal} signal
 */
export async function follow(path, { events, connection, isOver }, signal) {
  const calls = /** @type {Record<string, ((data: unknown) => "end" | void) | undefined>} */ (
    events
  );
  /** @type {string | null} */
  let last = null;
  let losses = 0;
  while (!signal.aborted) {
    try {
      /** @type {Record<string, string>} */
      const headers = last ? { "Last-Event-ID": last } : {};
      const answer = await request(path, { signal, headers });
      connection?.(true);
      for await (const event of read(answer)) {
        losses = 0;
        last = event.id ?? last;
        if (calls[event.type]?.(event.data) === "end") return;
      }
      if (isOver?.()) return;
    } catch (error) {
      if (signal.aborted) return;
      if ([401, 403, 404].includes(statusOf(error))) throw error;
    }
    if (signal.aborted) return;
    if (losses) connection?.(false); // a single loss is not worth reporting
    await pause(WAIT[Math.min(losses++, WAIT.length - 1)], signal);
  }
}

/** @param {Response} answer */
async function* read(answer) {
  if (!answer.body) return;
  let rest = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parsed(block);
      if (event) yield event;
    }
  }
}

/**
 * Parse an event of a stream; null for a comment.
 * @param {string} block
 */
export function parsed(block) {
  let type = "message";
  /** @type {string | null} */
  let id = null;
  const data = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const [name, value] = [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
    if (name === "event") type = value;
    if (name === "id") id = value;
    if (name === "data") data.push(value);
  }
  return data.length ? { type, id, data: JSON.parse(data.join("\n")) } : null;
}

/**
 * Wait, but no longer than until `signal` is aborted.
 * @param {number} milliseconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
}

const LOOK = 1000; // milliseconds between two looks for the server

/**
 * Wait until the server answers or `signal` is aborted.
 * @param {AbortSignal} [signal]
 */
export async function serverIsBack(signal) {
  let isUp = false;
  while (!isUp && !signal?.aborted) {
    await pause(LOOK, signal);
    isUp = await fetch("healthz", { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}
