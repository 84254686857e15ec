import type { JSX } from "preact";
import type { Thread } from "../client/api.ts";
import { BlockDialog } from "./block-dialog.tsx";
import { ReportDialog } from "./report-dialog.tsx";

/** What a dialog is open for. */
export type Asking = { what: "block" } | { what: "report"; seq: number | undefined };

export type AskingDialogProps = { asking: Asking; thread: Thread; onClose(): void };

/** Asks the buyer once more, or for more. */
export function AskingDialog({ asking, thread, onClose }: AskingDialogProps): JSX.Element {
  return asking.what === "block" ? (
    <BlockDialog thread={thread} onClose={onClose} />
  ) : (
    <ReportDialog thread={thread} seq={asking.seq} onClose={onClose} />
  );
}
