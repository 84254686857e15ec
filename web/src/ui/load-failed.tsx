import type { JSX } from "preact";
import type { Thread } from "../client/api.ts";
import { EmptyState } from "./empty-state.tsx";
import { failureText } from "./i18n/failure-text.ts";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";

/** Why a thread shows no messages, and a way to try again. */
export function LoadFailed({ thread }: { thread: Thread }): JSX.Element {
  const failure = thread.failure.value;
  return (
    <div class="thread-blank">
      <EmptyState
        icon={<Icon name="alert" />}
        title={words().thread.failed}
        body={failure === undefined ? undefined : failureText(words(), failure)}
      >
        <button type="button" class="button" onClick={() => void thread.reload()}>
          <Icon name="retry" /> {words().app.retry}
        </button>
      </EmptyState>
    </div>
  );
}
