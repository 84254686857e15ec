import type { JSX } from "preact";
import type { Entry, Piece, Thread } from "../client/api.ts";
import { discard } from "./discard.ts";
import { FailureNote } from "./failure-note.tsx";
import { words } from "./i18n/language.ts";
import { mayPass } from "./model/refusal.ts";
import "./outgoing-notes.css";

export type OutgoingNotesProps = { entry: Extract<Entry, { kind: "outgoing" }>; thread: Thread };

/** What a waiting message needs to say: how far its pictures are, why it failed, what can be done. */
export function OutgoingNotes({ entry, thread }: OutgoingNotesProps): JSX.Element {
  const text = words().message;
  if (entry.tick === "uploading") {
    const percent = Math.round(entry.progress * 100);
    const all = bytesOf(entry.pieces);
    return (
      <div class="entry-upload">
        <progress max={100} value={percent} aria-label={text.uploading(percent)} />
        <span class="entry-bytes">{uploaded(all * entry.progress, all)}</span>
        <button type="button" class="note-button" onClick={() => discard(thread, entry.key)}>
          {text.cancelUpload}
        </button>
      </div>
    );
  }
  return (
    <div class="entry-failed">
      <p>
        {entry.stale && entry.failure === undefined && text.staleNote}
        {entry.failure !== undefined && <FailureNote failure={entry.failure} />}
      </p>
      {mayPass(entry.failure) && (
        <button
          type="button"
          class="note-button"
          onClick={(event) => {
            // The buttons go: the focus stays with the message.
            event.currentTarget.closest("article")?.focus({ preventScroll: true });
            thread.retry(entry.key);
          }}
        >
          {entry.stale ? text.sendNow : text.retry}
        </button>
      )}
      <button type="button" class="note-button" onClick={() => discard(thread, entry.key)}>
        {text.delete}
      </button>
    </div>
  );
}

function bytesOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + (piece.type === "image" ? piece.picture.bytes.size : 0), 0);
}

/** How far it is, in a unit in which the whole is no nought. */
function uploaded(done: number, all: number): string {
  const text = words().message;
  if (all < 1e6) return text.uploaded(kilobytes(done), kilobytes(all), "KB");
  return text.uploaded((done / 1e6).toFixed(1), (all / 1e6).toFixed(1), "MB");
}

function kilobytes(bytes: number): string {
  return String(Math.ceil(bytes / 1e3));
}
