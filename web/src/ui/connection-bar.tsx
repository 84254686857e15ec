import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ConnectionState } from "../client/api.ts";
import { useSecondsUntil } from "./countdown.tsx";
import { FirstIcon } from "./first-icon.tsx";
import { clock } from "./i18n/clock.ts";
import { firstWords } from "./i18n/language.ts";

import "./connection-bar.css";

/** How long "Back online" stays. */
const backFor = 2500;

/** Says honestly how the server is reached. Online it is not there, but for a moment after coming back. */
export function ConnectionBar({ state, onRetry }: { state: ConnectionState; onRetry(): void }): JSX.Element {
  const back = useJustBack(state.kind);
  const text = firstWords().connection;
  return (
    <div class="connection-bar" role="status" data-kind={back ? "back" : state.kind}>
      {state.kind === "connecting" && <p>{text.connecting}</p>}
      {state.kind === "offline" && <Offline {...state} onRetry={onRetry} />}
      {back && (
        <p>
          <FirstIcon name="check" /> {text.back}
        </p>
      )}
    </div>
  );
}

type OfflineProps = Extract<ConnectionState, { kind: "offline" }> & { onRetry(): void };

function Offline({ since, retryAt, held, onRetry }: OfflineProps): JSX.Element {
  const seconds = useSecondsUntil(retryAt);
  const text = firstWords().connection;
  return (
    <p>
      <FirstIcon name="offline" />
      <span>{text.offline(clock().time(since))}</span>
      {!held && (
        <button type="button" class="connection-retry" onClick={onRetry}>
          {text.retryNow}
        </button>
      )}
      {seconds !== undefined && seconds > 0 && (
        <span class="connection-wait" aria-hidden="true">
          {text.retryIn(seconds)}
        </span>
      )}
    </p>
  );
}

function useJustBack(kind: ConnectionState["kind"]): boolean {
  const before = useRef(kind);
  const [back, setBack] = useState(false);
  useEffect(() => {
    const returned = before.current === "offline" && kind === "online";
    before.current = kind;
    setBack(returned);
    if (!returned) return;
    const timer = setTimeout(() => setBack(false), backFor);
    return () => clearTimeout(timer);
  }, [kind]);
  return back;
}
