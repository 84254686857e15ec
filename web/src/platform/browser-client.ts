/** The client core as a browser page runs it: with its sockets, storage, clock and chance. */
import type { Client } from "../client/api.ts";
import { createClient } from "../client/client.ts";
import type { LiveInbox } from "../client/inbox.ts";
import type { Clock, HandedToken } from "../client/ports.ts";
import type { Side } from "../protocol/body.ts";
import { browserHttp } from "./http.ts";
import { browserSocket, lazyFallback, socketUrl, wasBlocked } from "./socket.ts";
import { leave } from "./untaken.ts";
import { onWake } from "./wake.ts";

export type BrowserClientOptions = {
  side: Side;
  handedToken?: HandedToken | undefined;
  /** What lists conversations, for a page that does so from its beginning. */
  Inbox?: typeof LiveInbox;
};

const clock: Clock = {
  now: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

/** Makes the client of a page. It does nothing until `start`. */
export function createBrowserClient(options: BrowserClientOptions): Client {
  const openSocket = browserSocket(socketUrl(location));
  const client = createClient(
    {
      clock,
      random: () => Math.random(),
      nonce: newNonce,
      openSocket,
      openFallback: lazyFallback(() =>
        import("./stream.ts").then((module) => module.browserFallback(clock, openSocket)),
      ),
      blocked: wasBlocked(),
      http: browserHttp(),
      Inbox: options.Inbox,
      loadInbox: async () => (await import("../client/inbox.ts")).LiveInbox,
      pictures: async () => (await import("../client/pictures.ts")).Pictures,
      sending: async () => (await import("./sending.ts")).browserSending(),
      handedToken: options.handedToken,
    },
    options.side,
  );
  const leaving = (event: BeforeUnloadEvent): void => {
    if (client.untaken.items.length > 0) event.preventDefault(); // the browser asks whether to go
  };
  let safe = false;
  const passing = ({ type, persisted }: PageTransitionEvent): void => {
    if (type === "pagehide") safe = leave(client.untaken);
    // The browser has kept the page itself, and others have gone on since.
    else if (persisted && safe) client.recheck();
  };
  let sleep: (() => void) | undefined;
  const { start, stop } = { start: client.start.bind(client), stop: client.stop.bind(client) };
  client.start = () => {
    sleep ??= onWake(
      window,
      () => client.wake(),
      () => client.networkLost(),
    );
    addEventListener("beforeunload", leaving);
    addEventListener("pagehide", passing);
    addEventListener("pageshow", passing);
    start();
  };
  client.stop = () => {
    sleep?.();
    sleep = undefined;
    removeEventListener("beforeunload", leaving);
    removeEventListener("pagehide", passing);
    removeEventListener("pageshow", passing);
    stop();
  };
  return client;
}

/**
 * The time, so that nonces of one moment lie together in the store, and 128 random bits, in a form that a
 * nonce may have; also where the page has no secure context.
 */
function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const random = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${Date.now().toString(36)}-${random}`;
}
