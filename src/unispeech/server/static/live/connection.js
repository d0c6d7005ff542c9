// A stream to the server that survives a lost connection: unacknowledged audio is kept and sent again after
// reconnecting. docs/guides/live.md describes the messages.

/** @import { LiveEvent, LiveMessage } from "../service.d.ts" */

import { settings } from "../settings.js";

export const RATE = 16_000; // samples per second
const RETRY = 1000; // milliseconds between two attempts
const RESUME_FOR = 55_000; // milliseconds; the server keeps a lost stream for a minute
const KEPT = 300 * 16; // pieces of 1/16 s: more than a busy server may leave unacknowledged
const FINISH = '{"type": "finish"}';

/**
 * Callbacks of a connection. `onEnd` receives null, "lost", "refused", or the message of the server.
 * @typedef {"connecting" | "listening" | "again" | "finishing"} State
 * @typedef {{
 *   onEvent: (event: LiveEvent) => void,
 *   onState: (state: State) => void,
 *   onEnd: (trouble: string | null) => void,
 * }} Listener
 */

export class Connection {
  #options;
  #rate;
  #listener;
  /** @type {WebSocket} */
  #socket;
  /** @type {string | null} */
  #session = null;
  #lastEvent = 0; // id
  #isReady = false;
  #isFinishing = false;
  #isOver = false;
  /** @type {number | null} */
  #lostAt = null;
  #samples = new Unacknowledged();
  /** @type {string | null} secret of the link under which others watch */
  #shared = null;

  /**
   * @param {{ options: Record<string, string | number | boolean>, rate: number }} request
   * @param {Listener} listener
   */
  constructor({ options, rate }, listener) {
    this.#options = options;
    this.#rate = rate;
    this.#listener = listener;
    listener.onState("connecting");
    this.#socket = this.#open();
  }

  /** @param {Int16Array<ArrayBuffer>} samples */
  put(samples) {
    if (this.#isFinishing || this.#isOver) return;
    this.#samples.add(samples);
    if (this.#isReady) this.#samples.send(this.#socket);
  }

  /**
   * Let others watch from now on; null ends this.
   * @param {string | null} secret
   */
  share(secret) {
    this.#shared = secret;
    if (this.#isReady) this.#sendShare();
  }

  #sendShare() {
    const secret = this.#shared ?? undefined;
    this.#socket.send(JSON.stringify({ type: "share", secret }));
  }

  /** End the audio; `onEnd` is called after the rest of the text has arrived. */
  finish() {
    if (this.#isOver) return;
    this.#isFinishing = true;
    this.#listener.onState("finishing");
    if (this.#isReady) this.#socket.send(FINISH);
  }

  stop() {
    this.#isOver = true;
    this.#socket.close();
  }

  #open() {
    const stream = this.#session
      ? { session: this.#session, after: this.#lastEvent }
      : this.#options;
    /** @type {Record<string, string | number | boolean>} */
    const parameters = { sample_rate: this.#rate, ...stream };
    const address = new URL("v1/stream", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    for (const [name, value] of Object.entries(parameters))
      if (value !== "") address.searchParams.set(name, String(value));
    const { key } = settings;
    const protocols = key ? ["unispeech", `openai-insecure-api-key.${key}`] : [];
    const socket = new WebSocket(address, protocols);
    const isCurrent = () => socket === this.#socket && !this.#isOver;
    socket.onmessage = ({ data }) => {
      if (isCurrent()) this.#receive(JSON.parse(data));
    };
    socket.onclose = () => {
      if (isCurrent()) this.#lose();
    };
    return socket;
  }

  /** @param {LiveMessage} message */
  #receive(message) {
    if (message.id) this.#lastEvent = message.id;
    if (message.type === "session") this.#begin(message);
    else if (message.type === "shared") return;
    else if (message.type === "done") this.#end(null);
    else if (message.type === "error") this.#end(message.message);
    else this.#listener.onEvent(message);
  }

  /** @param {{ session: string, received: number, resumed: boolean }} stream `received` is in bytes */
  #begin({ session, received, resumed }) {
    this.#session = session;
    this.#lostAt = null;
    this.#isReady = true;
    if (this.#shared || resumed) this.#sendShare(); // it may have changed meanwhile
    this.#samples.acknowledge(received);
    this.#samples.send(this.#socket);
    this.#listener.onState(this.#isFinishing ? "finishing" : "listening");
    if (this.#isFinishing) this.#socket.send(FINISH);
  }

  #lose() {
    this.#isReady = false;
    if (!this.#session) return this.#end("refused");
    this.#lostAt ??= Date.now();
    if (Date.now() - this.#lostAt > RESUME_FOR) return this.#end("lost");
    this.#listener.onState("again");
    setTimeout(() => {
      if (!this.#isOver) this.#socket = this.#open();
    }, RETRY);
  }

  /** @param {string | null} trouble */
  #end(trouble) {
    this.#isOver = true;
    this.#socket.close();
    this.#listener.onEnd(trouble);
  }
}

/** Pieces of audio that the server has not acknowledged; above `KEPT` the oldest are dropped. */
class Unacknowledged {
  /** @type {Int16Array<ArrayBuffer>[]} */
  #pieces = [];
  #sent = 0; // pieces sent on this connection
  #dropped = 0; // bytes before the first piece

  /** @param {Int16Array<ArrayBuffer>} samples */
  add(samples) {
    this.#pieces.push(samples);
  }

  /** @param {WebSocket} socket */
  send(socket) {
    if (socket.readyState !== WebSocket.OPEN) return;
    while (this.#sent < this.#pieces.length) socket.send(this.#pieces[this.#sent++]);
    const [first] = this.#pieces;
    const waiting = first ? socket.bufferedAmount / first.byteLength : 0; // pieces that the browser has not sent
    while (this.#pieces.length - waiting > KEPT && this.#sent > 0) {
      this.#dropFirst();
      this.#sent--;
    }
  }

  /**
   * Start a new connection to a server that has `received` bytes; later bytes are sent again.
   * @param {number} received
   */
  acknowledge(received) {
    this.#sent = 0;
    let samples = Math.max(0, (received - this.#dropped) / 2);
    while (samples > 0 && this.#pieces.length) {
      const [first] = this.#pieces;
      if (first.length > samples) {
        this.#pieces[0] = first.slice(samples);
        this.#dropped += samples * 2;
        return;
      }
      samples -= first.length;
      this.#dropFirst();
    }
  }

  #dropFirst() {
    this.#dropped += this.#pieces.shift()?.byteLength ?? 0;
  }
}
