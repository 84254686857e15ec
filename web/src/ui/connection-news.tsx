import type { JSX } from "preact";
import { useSecondsUntil } from "./countdown.tsx";
import { clock } from "./i18n/clock.ts";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";

export type ConnectionNewsProps =
  | { back: true }
  | { back: false; since: number; retryAt: number | undefined; onRetry(): void };

/** Says that the connection is gone, until when the messages are and what goes on, or that it is back. */
export function ConnectionNews(props: ConnectionNewsProps): JSX.Element {
  if (!props.back) return <Offline {...props} />;
  return (
    <p>
      <Icon name="check" /> {words().connection.back}
    </p>
  );
}

type OfflineProps = { since: number; retryAt: number | undefined; onRetry(): void };

function Offline({ since, retryAt, onRetry }: OfflineProps): JSX.Element {
  const seconds = useSecondsUntil(retryAt);
  const text = words().connection;
  return (
    <p>
      <Icon name="offline" />
      <span>{text.offline(clock().time(since))}</span>
      <button type="button" class="connection-retry" onClick={onRetry}>
        {text.retryNow}
      </button>
      {seconds !== undefined && seconds > 0 && (
        <span class="connection-wait" aria-hidden="true">
          {text.retryIn(seconds)}
        </span>
      )}
    </p>
  );
}
