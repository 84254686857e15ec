import type { JSX } from "preact";
import type { Thread } from "../client/api.ts";
import { Dialog } from "../ui/dialog.tsx";
import { failureText } from "../ui/i18n/failure-text.ts";
import { words } from "../ui/i18n/language.ts";
import { showToast } from "../ui/toast.tsx";
import { unblock } from "./unblock.ts";
import "../ui/danger.css";

/** Asks once more before a seller is blocked; five seconds long it can be undone. */
export function BlockDialog({ thread, onClose }: { thread: Thread; onClose(): void }): JSX.Element {
  const text = words();
  const block = async () => {
    onClose();
    const failure = await thread.setBlocked(true);
    if (failure !== undefined) showToast(failureText(words(), failure));
    else showToast(text.block.done, { label: text.app.undo, run: () => void unblock(thread) });
  };
  return (
    <Dialog
      asks
      title={text.block.title}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="button" onClick={onClose}>
            {text.app.cancel}
          </button>
          <button type="button" class="button danger" onClick={() => void block()}>
            {text.block.confirm}
          </button>
        </>
      }
    >
      <p>{text.block.body}</p>
    </Dialog>
  );
}
