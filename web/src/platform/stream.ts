/** What a WebSocket does, where it is blocked: a stream of events down, requests up (docs/protocol.md). */
import { fallback } from "../client/fallback.ts";
import type { Clock, OpenFallback, OpenSocket, Socket, SocketEvents } from "../client/ports.ts";
import { attempt } from "../protocol/parse.ts";
import { parseStream, type Stream } from "../protocol/stream.ts";
import { rememberBlocked } from "./socket.ts";

/** In UTF-8 that may be three times as many bytes, which the server takes. */
const batchChars = 60_000;
const postDeadline = 20_000;
const postAttempts = 5;

/** The fallback of a browser page. */
export function browserFallback(clock: Clock, openSocket: OpenSocket): OpenFallback {
  return fallback({
    clock,
    random: () => Math.random(),
    openSocket,
    openStream: streamSocket("/v1/sse"),
    remember: rememberBlocked,
  });
}

/** Opens streams at `path`. */
export function streamSocket(path: string): OpenSocket {
  return (events) => new StreamSocket(path, events);
}

class StreamSocket implements Socket {
  private readonly path: string;
  private readonly events: SocketEvents;
  private readonly abort = new AbortController();
  private begun = false;
  private session: Stream | undefined;
  private waiting: string[] = [];
  private posting = false;
  private batch = 0;

  constructor(path: string, events: SocketEvents) {
    this.path = path;
    this.events = events;
    // Not before whoever opens it has it in hand.
    queueMicrotask(() => {
      if (!this.abort.signal.aborted) events.opened();
    });
  }

  send(text: string): void {
    if (this.abort.signal.aborted) return;
    if (this.begun) {
      this.waiting.push(text);
      this.post();
      return;
    }
    this.begun = true;
    this.stream(text)
      .catch(() => undefined)
      .then(() => this.end())
      .catch(() => undefined);
  }

  close(): void {
    this.abort.abort();
  }

  private end(): void {
    if (this.abort.signal.aborted) return;
    this.close();
    this.events.closed();
  }

  /** Says hello and reads what comes, until it ends. */
  private async stream(hello: string): Promise<void> {
    const { body, ok } = await fetch(this.path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: hello,
      cache: "no-store",
      signal: this.abort.signal,
    });
    if (!ok || body === null) return;
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.line(line);
    }
  }

  /** The first data of a stream is what its `session` event says; each after it is a frame. */
  private line(line: string): void {
    if (!line.startsWith("data: ") || this.abort.signal.aborted) return;
    const data = line.slice("data: ".length);
    if (this.session !== undefined) return this.events.text(data);
    this.session = attempt(parseStream, JSON.parse(data));
    if (this.session === undefined) return this.end();
    this.post();
  }

  /** Sends what waits, one batch after the other: a batch is on its way until it is known to have arrived. */
  private post(): void {
    const { session } = this;
    if (this.posting || session === undefined || this.waiting.length === 0) return;
    this.posting = true;
    const batch = this.take();
    this.deliver(session, ++this.batch, batch.join("\n"))
      .then((delivered) => {
        this.posting = false;
        if (delivered) this.post();
        else this.end();
      })
      .catch(() => this.end());
  }

  private take(): string[] {
    let chars = 0;
    let count = 0;
    for (const text of this.waiting) {
      chars += text.length;
      if (count > 0 && chars > batchChars) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  /** Sends a batch, again under its number as long as nobody says what became of it. */
  private async deliver(session: Stream, number: number, body: string): Promise<boolean> {
    for (let failures = 0; failures < postAttempts; failures++) {
      if (failures > 0) await pause(250 * 2 ** failures, this.abort.signal);
      const status = await this.status(`${this.path}/${session.client_id}/${number}`, session.key, body);
      if (this.abort.signal.aborted) return false;
      if (status < 300) return true;
      if (status < 500 && status !== 408 && status !== 429) return false;
    }
    return false;
  }

  /** The status of one request; 599 if there was no answer. */
  private async status(path: string, key: string, body: string): Promise<number> {
    const abort = new AbortController();
    const cancel = (): void => abort.abort();
    this.abort.signal.addEventListener("abort", cancel);
    const timer = setTimeout(cancel, postDeadline);
    try {
      const { status } = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "text/plain", Authorization: `Bearer ${key}` },
        body,
        cache: "no-store",
        signal: abort.signal,
      });
      return status;
    } catch {
      return 599;
    } finally {
      clearTimeout(timer);
      this.abort.signal.removeEventListener("abort", cancel);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
