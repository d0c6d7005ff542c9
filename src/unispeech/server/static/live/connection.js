// A stream to the server that survives a lost connection: what it has not acknowledged is kept, and
// sent again when it is back. docs/live.md describes the messages.

import { settings } from "../settings.js";

export const RATE = 16_000; // samples a second, where nothing is said
const RETRY = 1000; // milliseconds between two tries
const RESUME_FOR = 55_000; // the server keeps a lost stream for a minute
const KEPT = 300 * 16; // pieces of a sixteenth of a second: more than may be on the way to a busy server

/**
 * Opens a stream. `options` are {task, language, rate}; `on` is {event(message), state(name), ended(trouble)},
 * with a state of "connecting", "listening", "again" or "finishing", and a trouble of null, "lost" or
 * "refused". Returns {put(samples), finish(), stop()}.
 */
export function connection(options, on) {
  let socket = null;
  let session = null;
  let after = 0;
  let ready = false;
  let lostAt = null;
  let finishing = false;
  let over = false;
  const held = []; // Int16Array, the first `sent` of them are under way
  let sent = 0;
  let dropped = 0; // bytes that were let go at the front

  function connect() {
    const address = new URL("v1/stream", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const asked = session ? { session, after } : { task: options.task, language: options.language };
    for (const [name, value] of Object.entries({ sample_rate: options.rate, ...asked }))
      if (value !== "") address.searchParams.set(name, value);
    const key = settings.key;
    const protocols = key ? ["unispeech", `openai-insecure-api-key.${key}`] : [];
    const mine = new WebSocket(address, protocols);
    socket = mine;
    mine.onmessage = ({ data }) => {
      if (mine === socket && !over) heard(JSON.parse(data));
    };
    mine.onclose = () => {
      if (mine === socket && !over) lost();
    };
  }

  function heard(message) {
    if (message.id) after = message.id;
    if (message.type === "session") begun(message);
    else if (message.type === "done") end(null);
    else if (message.type === "error") end(message.message);
    else on.event(message);
  }

  function begun({ session: name, received }) {
    [session, lostAt, ready, sent] = [name, null, true, 0];
    drop(Math.max(0, (received - dropped) / 2));
    send();
    on.state(finishing ? "finishing" : "listening");
    if (finishing) socket.send('{"type": "finish"}');
  }

  function lost() {
    ready = false;
    if (!session) return end("refused");
    lostAt ??= Date.now();
    if (Date.now() - lostAt > RESUME_FOR) return end("lost");
    on.state("again");
    setTimeout(() => {
      if (!over) connect();
    }, RETRY);
  }

  function send() {
    if (socket.readyState !== WebSocket.OPEN) return;
    while (sent < held.length) socket.send(held[sent++]);
    const waiting = held.length ? socket.bufferedAmount / held[0].byteLength : 0; // pieces not sent yet
    while (held.length - waiting > KEPT && sent > 0) {
      dropped += held.shift().byteLength;
      sent--;
    }
  }

  function drop(samples) {
    let rest = samples;
    while (rest > 0 && held.length) {
      const first = held[0];
      if (first.length > rest) {
        held[0] = first.slice(rest);
        dropped += rest * 2;
        return;
      }
      rest -= first.length;
      dropped += held.shift().byteLength;
    }
  }

  function end(trouble) {
    over = true;
    socket.close();
    on.ended(trouble);
  }

  on.state("connecting");
  connect();
  return {
    put(samples) {
      if (finishing || over) return;
      held.push(samples);
      if (ready) send();
    },
    /** No more sound comes; `ended` is called when the rest of the text is here. */
    finish() {
      if (over) return;
      finishing = true;
      on.state("finishing");
      if (ready) socket.send('{"type": "finish"}');
    },
    stop() {
      over = true;
      socket.close();
    },
  };
}
