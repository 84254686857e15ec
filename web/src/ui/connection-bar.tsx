import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ConnectionState } from "../client/api.ts";
import type { ConnectionNewsProps } from "./connection-news.tsx";
import { clock } from "./i18n/clock.ts";
import { firstWords } from "./i18n/language.ts";
import { later } from "./later.ts";
import { lazy } from "./lazy.tsx";
import "./connection-bar.css";

const loadNews = later(() => import("./connection-news.tsx"));
const ConnectionNews = lazy<ConnectionNewsProps>(async () => (await loadNews()).ConnectionNews, Plainly);

/** The connection may be gone before there is code to say more: this much is always there. */
function Plainly(news: ConnectionNewsProps): JSX.Element | null {
  if (news.back) return null;
  const text = firstWords().connection;
  return (
    <p>
      <span>{text.offline(clock().time(news.since))}</span>
      <button type="button" class="connection-retry" onClick={news.onRetry}>
        {text.retryNow}
      </button>
    </p>
  );
}

/** How long "Back online" stays. */
const backFor = 2500;

/** Says honestly how the server is reached. Online it is not there, but for a moment after coming back. */
export function ConnectionBar({ state, onRetry }: { state: ConnectionState; onRetry(): void }): JSX.Element {
  const back = useJustBack(state.kind);
  return (
    <div class="connection-bar" role="status" data-kind={back ? "back" : state.kind}>
      {state.kind === "connecting" && <p>{firstWords().connection.connecting}</p>}
      {state.kind === "offline" && (
        <ConnectionNews back={false} since={state.since} retryAt={state.retryAt} onRetry={onRetry} />
      )}
      {back && <ConnectionNews back />}
    </div>
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
