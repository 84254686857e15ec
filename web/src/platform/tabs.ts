import type { Lead, OpenChannel } from "../client/ports.ts";

/** Leads by a Web Lock: the browser hands it to another tab when this one ends. */
export function browserLead(locks: LockManager | undefined): Lead {
  return (name, leading) => {
    if (locks === undefined) {
      // Without locks every tab sends. The server stores a nonce once, so that does no harm.
      leading();
      return () => undefined;
    }
    const wish = new AbortController();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    locks
      .request(name, { signal: wish.signal }, () => {
        leading();
        return held;
      })
      .catch(() => {
        // Refused, as in a frame on another site's page that may keep nothing: then as without locks.
        if (!wish.signal.aborted) leading();
      });
    return () => {
      wish.abort();
      release();
    };
  };
}

/** Speaks to the other tabs where the browser can; a tab without hears of it from the server. */
export const browserChannel: OpenChannel = (name, received) => {
  if (typeof BroadcastChannel === "undefined") return { post: () => undefined, close: () => undefined };
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => received(data);
  return { post: (message) => channel.postMessage(message), close: () => channel.close() };
};
