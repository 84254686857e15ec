import type { JSX } from "preact";
import type { Thread } from "../client/api.ts";
import { words } from "../ui/i18n/language.ts";
import { unblock } from "./unblock.ts";
import "./blocked.css";

export type BlockedProps = { thread: Thread; byBuyer: boolean };

/** Why one cannot write. */
export function Blocked({ thread, byBuyer }: BlockedProps): JSX.Element {
  const text = words().block;
  return (
    <div class="chat-blocked" role="status">
      <p>{byBuyer ? text.byYou : text.byOther}</p>
      {byBuyer && (
        <button type="button" class="button" onClick={() => void unblock(thread)}>
          {text.unblock}
        </button>
      )}
    </div>
  );
}
