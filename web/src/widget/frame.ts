/** The chat's end of the line: an iframe on the chat's own origin, and what it says. */
import { type FromFrame, sealed, type ToFrame, unsealed } from "../protocol/embed.ts";

/** How long the chat may take to say that it is there. */
const readyWithin = 15_000;

export type FrameEvents = {
  said(message: FromFrame): void;
  /** It is not there, for as long as anybody would wait. */
  silent(): void;
};

export type Frame = {
  element: HTMLIFrameElement;
  say(message: ToFrame): void;
  remove(): void;
};

/** Makes the frame and has it load. It says nothing before it is ready. */
export function openFrame(url: URL, title: string, events: FrameEvents): Frame {
  const element = document.createElement("iframe");
  element.title = title;
  element.allow = "clipboard-write";
  element.src = url.href;
  let there = false;
  let timer = setTimeout(events.silent, readyWithin);
  // Each time that the frame loads, as it does when somebody else is there, the chat has to say so again.
  const times = { loaded: 0, ready: 0 };
  element.onload = () => {
    if (++times.loaded <= times.ready) return;
    clearTimeout(timer);
    timer = setTimeout(events.silent, readyWithin);
  };
  const listen = (event: MessageEvent<unknown>): void => {
    if (event.origin !== url.origin || event.source !== element.contentWindow) return;
    const message = heard(event.data);
    if (message === undefined) return;
    there = true;
    if (message.type === "ready") {
      times.ready++;
      clearTimeout(timer);
    }
    events.said(message);
  };
  addEventListener("message", listen);
  return {
    element,
    say: (message) => {
      if (there) element.contentWindow?.postMessage(sealed(message), url.origin);
    },
    remove: () => {
      clearTimeout(timer);
      removeEventListener("message", listen);
      element.remove();
    },
  };
}

function heard(data: unknown): FromFrame | undefined {
  const fields = unsealed(data);
  switch (fields?.["type"]) {
    case "ready":
    case "token":
    case "close":
    case "signin":
      return { type: fields["type"] };
    case "push":
      return { type: "push", payload: fields["payload"] };
    case "unread": {
      const { count, talking } = fields;
      const peek = (fields["peek"] ?? {}) as Record<string, unknown>;
      return {
        type: "unread",
        count: Number(count) || 0,
        talking: talking === true,
        ...(typeof peek["text"] === "string" && {
          peek: { name: String(peek["name"] ?? ""), text: peek["text"] },
        }),
      };
    }
    default:
      return undefined;
  }
}
