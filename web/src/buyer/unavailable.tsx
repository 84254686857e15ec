import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Client, Failure } from "../client/api.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { FailureNote } from "../ui/failure-note.tsx";
import { words } from "../ui/i18n/language.ts";
import { Icon } from "../ui/icon.tsx";
import { useLater } from "../ui/later.ts";
import { Messages } from "./messages.tsx";
import { goTo } from "./route.ts";
import "./unavailable.css";

export type UnavailableProps = {
  client: Client;
  /** What the thread would be about: something may wait in it all the same. */
  product?: string;
  failure: Failure;
  wide: boolean;
  onRetry?: () => void;
};

/** Why there is no thread, in words, and what to do instead; under it what was written and never sent. */
export function Unavailable(props: UnavailableProps): JSX.Element {
  useLater(true);
  return (
    <main class="chat unavailable">
      <Why {...props} />
      <Unsent {...props} />
    </main>
  );
}

function Unsent({ client, product }: UnavailableProps): JSX.Element | null {
  const waiting = client.outgoing.value.find(
    ({ item }) => item.product === product && item.conversation === undefined,
  );
  const uid = waiting?.item.peer;
  const thread = useMemo(() => (uid === undefined ? undefined : client.threadWith({ uid })), [client, uid]);
  if (thread === undefined) return null;
  return <Messages thread={thread} client={client} recallMs={0} />;
}

function Why({ failure, wide, onRetry }: UnavailableProps): JSX.Element {
  const text = words().page;
  // Where the list is there already, nobody needs a way to it.
  const toInbox = wide ? undefined : (
    <button type="button" class="button" onClick={() => goTo({ kind: "inbox" })}>
      <Icon name="chat" /> {text.toInbox}
    </button>
  );
  switch (failure.code) {
    case "product_gone":
    case "invalid_product":
      return (
        <Page icon={<Icon name="bag" />} title={text.goneTitle} body={text.goneBody} actions={toInbox} />
      );
    case "not_found":
      return (
        <Page
          icon={<Icon name="search" />}
          title={text.notFoundTitle}
          body={text.notFoundBody}
          actions={toInbox}
        />
      );
    case "buyers_begin": {
      const toConsole = (
        <a class="button primary" href="/console">
          {text.toConsole}
        </a>
      );
      return (
        <Page icon={<Icon name="bag" />} title={text.ownTitle} body={text.ownBody} actions={toConsole} />
      );
    }
    default: {
      const retry = onRetry !== undefined && (
        <button type="button" class="button primary" onClick={onRetry}>
          <Icon name="retry" /> {words().app.retry}
        </button>
      );
      const why = <FailureNote failure={failure} />;
      return (
        <Page icon={<Icon name="alert" />} title={text.failedTitle} body={why} actions={[retry, toInbox]} />
      );
    }
  }
}

type PageProps = Pick<Parameters<typeof EmptyState>[0], "icon" | "title" | "body"> & {
  actions: Parameters<typeof EmptyState>[0]["children"];
};

function Page({ icon, title, body, actions }: PageProps): JSX.Element {
  return (
    <EmptyState icon={icon} title={title} body={body}>
      {actions}
    </EmptyState>
  );
}
