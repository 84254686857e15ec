import { useState } from "preact/hooks";
import type { Thread } from "../../client/api.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { failureText } from "../../ui/i18n/failure-text.ts";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { showToast } from "../../ui/toast.tsx";
import { consoleWords } from "../i18n/words.ts";
import "../../ui/danger.css";

type DialogProps = { thread: Thread; name: string; onClose: () => void };

/** Asks before a buyer is blocked. */
export function BlockDialog({ thread, name, onClose }: DialogProps) {
  const words = consoleWords();
  const block = () => {
    onClose();
    void setBlocked(thread, name, true);
  };
  return (
    <Dialog
      asks
      title={words.block.title(name)}
      onClose={onClose}
      actions={
        <>
          <button class="button" type="button" onClick={onClose}>
            {words.action.cancel}
          </button>
          <button class="button danger" type="button" onClick={block}>
            {words.block.confirm}
          </button>
        </>
      }
    >
      <p>{words.block.body}</p>
    </Dialog>
  );
}

/** Blocks or unblocks, and says how it went; what was blocked can be undone for five seconds. */
export async function setBlocked(thread: Thread, name: string, blocked: boolean): Promise<void> {
  const failure = await thread.setBlocked(blocked);
  const words = consoleWords();
  if (failure !== undefined) showToast(words.action.failed(failureText(sharedWords(), failure)));
  else if (!blocked) showToast(words.block.undone(name));
  else {
    const undo = { label: sharedWords().app.undo, run: () => void setBlocked(thread, name, false) };
    showToast(words.block.done(name), undo);
  }
}

/** The longest reason that the server takes. */
const MAX_REASON = 1000;

/** Tells the marketplace what is wrong with a buyer, or with one message. */
export function ReportDialog({ thread, name, seq, onClose }: DialogProps & { seq?: number }) {
  const words = consoleWords();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const failure = await thread.report(reason.trim(), seq);
    setBusy(false);
    if (failure !== undefined) {
      setError(failureText(sharedWords(), failure));
      return;
    }
    onClose();
    showToast(words.report.done);
  };
  return (
    <Dialog
      title={words.report.title(name)}
      onClose={onClose}
      actions={
        <>
          <button class="button" type="button" onClick={onClose}>
            {words.action.cancel}
          </button>
          <button class="button primary" type="submit" form="report" disabled={busy || reason.trim() === ""}>
            {words.report.confirm}
          </button>
        </>
      }
    >
      <form id="report" class="c-report" onSubmit={(event) => void submit(event)}>
        <p>{words.report.body}</p>
        <label for="report-reason">{words.report.reason}</label>
        <textarea
          id="report-reason"
          class="field"
          rows={4}
          maxLength={MAX_REASON}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
        {error !== undefined && (
          <p class="c-error" role="alert">
            {error}
          </p>
        )}
      </form>
    </Dialog>
  );
}
