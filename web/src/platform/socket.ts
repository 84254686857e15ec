import type { OpenFallback, OpenSocket, Socket } from "../client/ports.ts";
import { subprotocol } from "../protocol/frame.ts";

/** Opens WebSockets to `url`. */
export function browserSocket(url: string): OpenSocket {
  return (events) => {
    const socket = new WebSocket(url, subprotocol);
    let ended = false;
    const closed = (): void => {
      if (ended) return;
      ended = true;
      events.closed();
    };
    socket.onopen = () => {
      if (!ended) events.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!ended && typeof data === "string") events.text(data);
    };
    socket.onclose = closed;
    socket.onerror = closed;
    return {
      send: (text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      close: () => {
        ended = true;
        socket.close();
      },
    };
  };
}

/** The address of the server's socket, for a page at `location`. */
export function socketUrl(location: { protocol: string; host: string }): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/v1/ws`;
}

/** Opens what `load` brings, which is fetched when it is first needed. */
export function lazyFallback(load: () => Promise<OpenFallback>): OpenFallback {
  let loaded: Promise<OpenFallback> | undefined;
  return (events, back) => {
    let socket: Socket | undefined;
    let ended = false;
    loaded ??= load();
    loaded
      .then((open) => {
        if (!ended) socket = open(events, back);
      })
      .catch(() => {
        loaded = undefined;
        if (!ended) events.closed();
      });
    return {
      send: (text) => socket?.send(text),
      wake: () => socket?.wake?.(),
      close: () => {
        ended = true;
        socket?.close();
      },
    };
  };
}

const blockedKey = "haggle-blocked";

/** Whether a page of this tab found WebSockets to be blocked. A frame in another site may have no storage. */
export function wasBlocked(): boolean {
  try {
    return sessionStorage.getItem(blockedKey) !== null;
  } catch {
    return false;
  }
}

export function rememberBlocked(blocked: boolean): void {
  try {
    if (blocked) sessionStorage.setItem(blockedKey, "1");
    else sessionStorage.removeItem(blockedKey);
  } catch {
    // Then the next page finds out by itself.
  }
}
