import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Failure, Thread } from "../client/api.ts";
import { Dialog } from "../ui/dialog.tsx";
import { FailureNote } from "../ui/failure-note.tsx";
import { words } from "../ui/i18n/language.ts";
import { showToast } from "../ui/toast.tsx";
import "../ui/field.css";
import "./report-dialog.css";

export type ReportDialogProps = { thread: Thread; seq: number | undefined; onClose(): void };

/** Tells the shop what is wrong with a conversation, or with one message of it. */
export function ReportDialog({ thread, seq, onClose }: ReportDialogProps): JSX.Element {
  const [reason, setReason] = useState<string>();
  const [details, setDetails] = useState("");
  const [failure, setFailure] = useState<Failure>();
  const text = words().report;
  const sending = useRef(false);
  const send = async () => {
    if (reason === undefined || sending.current) return;
    sending.current = true; // and not disabled, which would take the focus away
    const refused = await thread.report(details.trim() === "" ? reason : `${reason}: ${details.trim()}`, seq);
    sending.current = false;
    if (refused !== undefined) return setFailure(refused);
    showToast(text.done);
    onClose();
  };
  return (
    <Dialog
      title={seq === undefined ? text.title : text.titleMessage}
      onClose={onClose}
      actions={
        <>
          <button type="button" class="button" onClick={onClose}>
            {words().app.cancel}
          </button>
          <button
            type="button"
            class="button primary"
            disabled={reason === undefined}
            onClick={() => void send()}
          >
            {text.send}
          </button>
        </>
      }
    >
      <fieldset class="choices">
        <legend>{text.body}</legend>
        {text.reasons.map((choice) => (
          <label key={choice}>
            <input
              type="radio"
              name="reason"
              checked={reason === choice}
              onChange={() => setReason(choice)}
            />
            {choice}
          </label>
        ))}
      </fieldset>
      <textarea
        class="field"
        rows={3}
        maxLength={900}
        dir="auto"
        placeholder={text.details}
        aria-label={text.details}
        value={details}
        onInput={(event) => setDetails(event.currentTarget.value)}
      />
      {failure !== undefined && (
        <p class="form-failure" role="alert">
          <FailureNote failure={failure} />
        </p>
      )}
    </Dialog>
  );
}
