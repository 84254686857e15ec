import type { Thread } from "../client/api.ts";
import { failureText } from "../ui/i18n/failure-text.ts";
import { words } from "../ui/i18n/language.ts";
import { showToast } from "../ui/toast.tsx";

/** Lets the seller write again, and says so. */
export async function unblock(thread: Thread): Promise<void> {
  const failure = await thread.setBlocked(false);
  showToast(failure === undefined ? words().block.undone : failureText(words(), failure));
}
