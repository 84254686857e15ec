import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Failure } from "../client/api.ts";
import { useSecondsUntil } from "./countdown.tsx";
import { failureText } from "./i18n/failure-text.ts";
import { words } from "./i18n/language.ts";

/** A failure in the reader's words, with a countdown where waiting helps. */
export function FailureNote({ failure }: { failure: Failure }): JSX.Element {
  const wait = failure.retryAfterMs;
  // Counted from when this failure was first drawn: the core hands over a duration.
  const until = useMemo(() => (wait === undefined ? undefined : Date.now() + wait), [failure, wait]);
  const seconds = useSecondsUntil(until);
  return (
    <span class="failure-note">
      {failureText(words(), failure)}
      {seconds !== undefined && seconds > 0 && <span aria-live="off"> {words().wait(seconds)}</span>}
    </span>
  );
}
