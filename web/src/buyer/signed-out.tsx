import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Failure } from "../client/api.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { FailureNote } from "../ui/failure-note.tsx";
import { words } from "../ui/i18n/language.ts";

/** Who is signed out reads why and what to do; where the shop lets guests in, that is one button away. */
export function SignedOut({ code }: { code: string }): JSX.Element {
  const [failure, setFailure] = useState<Failure>();
  const text = words().page;
  const beGuest = async () => {
    const refused = await becomeGuest();
    if (refused === undefined) location.reload();
    else setFailure(refused);
  };
  const noGuests = failure?.code === "guests_disabled" || code === "guests_disabled";
  return (
    <main class="app-page">
      <EmptyState
        icon="user"
        title={text.signedOutTitle}
        body={failure === undefined ? text.signedOutBody : <FailureNote failure={failure} />}
      >
        <button type="button" class="button primary" onClick={() => location.reload()}>
          {words().app.reload}
        </button>
        {!noGuests && (
          <button type="button" class="button" onClick={() => void beGuest()}>
            {text.asGuest}
          </button>
        )}
      </EmptyState>
    </main>
  );
}

/** Asks for a guest's cookie. */
async function becomeGuest(): Promise<Failure | undefined> {
  try {
    const answer = await fetch("/v1/guest", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
    });
    if (answer.ok) return undefined;
    return failureOf(await answer.json());
  } catch {
    return { code: "network", message: "no connection" };
  }
}

function failureOf(body: unknown): Failure {
  const { error } = (body ?? {}) as { error?: { code?: string; retry_after_ms?: number } };
  const failure = { code: error?.code ?? "unknown", message: "refused" };
  return error?.retry_after_ms === undefined ? failure : { ...failure, retryAfterMs: error.retry_after_ms };
}
