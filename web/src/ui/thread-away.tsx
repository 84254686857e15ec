import type { JSX } from "preact";
import type { Participant } from "../protocol/body.ts";
import { Avatar } from "./avatar.tsx";
import { FirstIcon } from "./first-icon.tsx";
import { words } from "./i18n/language.ts";
import type { Scroller } from "./thread-scroll.ts";
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

/** Leads to the newest message, and says how many came since it went out of sight. */
export function Pill({ scroll }: { scroll: Scroller }): JSX.Element {
  const text = words().thread;
  return (
    <button type="button" class="thread-pill" onClick={scroll.toNewest}>
      {scroll.fresh > 0 ? (
        <span>{text.newCount(scroll.fresh)}</span>
      ) : (
        <span class="visually-hidden">{text.toLatest}</span>
      )}
      <FirstIcon name="down" />
    </button>
  );
}
