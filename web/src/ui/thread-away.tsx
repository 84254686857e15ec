import type { JSX } from "preact";
import type { Thread } from "../client/api.ts";
import type { Participant } from "../protocol/body.ts";
import { Avatar } from "./avatar.tsx";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";
import type { MenuAnchor } from "./menu-opener.tsx";
import { hearForMenu } from "./menu-ways.ts";
import "./thread-away.css";

/** The other side writes, for the eye. */
export function TypingBubble({ peer }: { peer: Participant | undefined }): JSX.Element {
  return (
    <div class="entry last typing" aria-hidden="true">
      <span class="entry-side">
        <Avatar of={peer} size="s" />
      </span>
      <div class="bubble">
        <i />
        <i />
        <i />
      </div>
    </div>
  );
}

/** What was said before is coming, or could not be loaded: then it says so, and tries again when asked. */
export function Older({ thread }: { thread: Thread }): JSX.Element {
  const text = words();
  return (
    <p class="thread-older-state" role="status">
      {thread.loadingOlder.value ? (
        <>
          <span class="spinner" aria-hidden="true" />
          <span class="visually-hidden">{text.thread.loadingOlder}</span>
        </>
      ) : (
        <>
          {text.thread.olderFailed}
          <button
            type="button"
            class="button quiet"
            onClick={({ detail, currentTarget }) => {
              if (detail === 0) focusThread(currentTarget);
              void thread.loadOlder();
            }}
          >
            {text.app.retry}
          </button>
        </>
      )}
    </p>
  );
}

/** Leads to the newest message, and says how many are unread. */
export function Pill({ thread, toNewest }: { thread: Thread; toNewest: () => void }): JSX.Element {
  const text = words().thread;
  const fresh = thread.conversation.value?.unread ?? 0;
  return (
    <button
      type="button"
      class="thread-pill"
      onClick={({ detail, currentTarget }) => {
        toNewest();
        if (detail === 0) focusThread(currentTarget);
      }}
    >
      {fresh > 0 ? <span>{text.newCount(fresh)}</span> : <span class="visually-hidden">{text.toLatest}</span>}
      <Icon name="down" />
    </button>
  );
}

/** For what was pressed by a key: the focus would be lost with the button. */
function focusThread(button: HTMLElement): void {
  button
    .closest(".thread-frame")
    ?.querySelector<HTMLElement>(".thread-scroll")
    ?.focus({ preventScroll: true });
}

/** What keys and fingers do in a thread, but for scrolling. */
export function hear(event: Event, open: (key: string, anchor: MenuAnchor) => void): void {
  if (event instanceof KeyboardEvent && event.currentTarget instanceof HTMLElement)
    moveAmongMessages(event, event.currentTarget);
  hearForMenu(event, open);
}

/** ↑ and ↓ move the focus from message to message; the messages are no tab stops of their own. */
function moveAmongMessages(event: KeyboardEvent, list: HTMLElement): void {
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  const all = [...list.querySelectorAll<HTMLElement>("[data-key]")];
  const active = document.activeElement;
  const at = all.findIndex((message) => message === active);
  if (at < 0 && active !== list) return; // inside a message's own controls
  const to = at < 0 ? all.length - 1 : at + (event.key === "ArrowUp" ? -1 : 1);
  const next = all[to];
  if (next === undefined) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}
