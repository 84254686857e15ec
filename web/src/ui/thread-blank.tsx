import type { ComponentChildren, JSX } from "preact";
import type { Thread } from "../client/api.ts";
import { firstWords } from "./i18n/language.ts";
import { later } from "./later.ts";
import { lazy } from "./lazy.tsx";
import "./thread-blank.css";

const loadFailed = later(() => import("./load-failed.tsx"));
const LoadFailed = lazy<{ thread: Thread }>(async () => (await loadFailed()).LoadFailed, Blank);

/** What stands in a thread of which no message is drawn: that it has none, that they are coming, or why they are not. */
export function ThreadBlank({
  thread,
  empty,
}: {
  thread: Thread;
  empty?: ComponentChildren;
}): JSX.Element | null {
  const state = thread.state.value;
  if (state === "loading" || thread.entries.value.length > 0) return <Skeleton />;
  if (state === "failed") return <LoadFailed thread={thread} />;
  return <div class="thread-blank">{empty}</div>;
}

function Blank(): JSX.Element {
  return <div class="thread-blank" />;
}

function Skeleton(): JSX.Element {
  return (
    <div class="thread-blank thread-skeleton" role="status">
      <span class="visually-hidden">{firstWords().app.loading}</span>
      <i />
      <i />
      <i class="own" />
      <i />
      <i class="own" />
    </div>
  );
}
