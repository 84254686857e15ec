import type { ComponentChildren, JSX } from "preact";
import type { Client } from "../client/api.ts";
import type { Conversation, Message } from "../protocol/body.ts";
import { Avatar } from "../ui/avatar.tsx";
import { BrandMark } from "../ui/brand-mark.tsx";
import { ConnectionBar } from "../ui/connection-bar.tsx";
import { EmptyState } from "../ui/empty-state.tsx";
import { FailureNote } from "../ui/failure-note.tsx";
import { today } from "../ui/i18n/clock.ts";
import { words } from "../ui/i18n/language.ts";
import { Icon } from "../ui/icon.tsx";
import { MenuButton } from "../ui/menu.tsx";
import { type Unsent, unlisted, unsentIn } from "../ui/model/unsent.ts";
import { Tick } from "../ui/tick.tsx";
import { appMenu } from "./app-menu.ts";
import { brief } from "./brief.ts";
import { openPeer, pageProduct } from "./in-frame.ts";
import { lineOf } from "./line.ts";
import { goTo, type Route, route, searchOf } from "./route.ts";
import "../ui/field.css";
import "./inbox-pane.css";

/** Who said it stands before it, whichever way the text runs. */
function LastSaid({ last, mine }: { last: Message; mine: boolean }): JSX.Element {
  return (
    <span class="inbox-last">
      {mine && last.recalled_at === undefined && <span>{words().inbox.youPrefix}</span>}
      <span class="truncate foreign" dir="auto">
        {lineOf(last)}
      </span>
    </span>
  );
}

/** What is not stored yet stands before what is. */
function StillUnsent({ pieces, tick }: Unsent): JSX.Element {
  return (
    <span class="inbox-last inbox-unsent">
      <Tick state={tick} labelled />
      <span class="truncate foreign" dir="auto">
        {lineOf({ blocks: pieces })}
      </span>
    </span>
  );
}

/** All conversations of the buyer. */
export function InboxPane({ client }: { client: Client }): JSX.Element {
  const alone = route.value.kind === "inbox";
  return (
    <nav class="inbox" aria-label={words().inbox.title}>
      <header class="chat-head inbox-head">
        <BrandMark />
        <h1>{words().inbox.title}</h1>
        <MenuButton label={words().menu.open} items={() => appMenu(client)} />
      </header>
      {alone && <ConnectionBar state={client.connection.value} onRetry={() => client.wake()} />}
      {alone && <ToProduct />}
      <Search client={client} />
      <Rows client={client} />
    </nav>
  );
}

/** In a frame the list has been come to from the product of the page around it: the way back to that. */
function ToProduct(): JSX.Element | null {
  const id = pageProduct.value;
  if (id === undefined) return null;
  return (
    <button type="button" class="button inbox-product" onClick={() => goTo({ kind: "product", id })}>
      <Icon name="bag" /> {words().inbox.toProduct}
    </button>
  );
}

/** Beside the list, where there is room, while no conversation is open. */
export function NoneOpen(): JSX.Element {
  return (
    <main class="chat">
      <EmptyState icon={<Icon name="chat" />} title={words().inbox.pick} />
    </main>
  );
}

/** Fewer rows than this are found faster by eye. */
const searchFrom = 6;

function Search({ client }: { client: Client }): JSX.Element | null {
  const { inbox } = client;
  const search = inbox.search.value;
  if (search === "" && inbox.rows.value.length < searchFrom) return null;
  const label = words().inbox.search;
  return (
    <div class="inbox-search">
      <Icon name="search" />
      <input
        class="field"
        type="search"
        value={search}
        placeholder={label}
        aria-label={label}
        onInput={(event) => inbox.setSearch(event.currentTarget.value)}
      />
    </div>
  );
}

function Rows({ client }: { client: Client }): JSX.Element {
  const { inbox } = client;
  const text = words().inbox;
  const rows = inbox.rows.value;
  const state = inbox.state.value;
  const beside = inbox.search.value === "" && state !== "loading" ? unlistedOf(client) : [];
  if (rows.length + beside.length === 0) return <NoRows client={client} state={state} />;
  return (
    <ul class="inbox-rows" aria-busy={state === "loading"}>
      {beside.map(({ to, unsent }) => (
        <li key={searchOf(to)}>
          <RowLink to={to} current={searchOf(to) === searchOf(route.value)}>
            <span class="inbox-unlisted">
              <Icon name="chat" />
            </span>
            <span class="inbox-row-main">
              <span class="inbox-name truncate">{text.unsent}</span>
              <StillUnsent {...unsent} />
            </span>
          </RowLink>
        </li>
      ))}
      {rows.length === 0 && state === "failed" && (
        <li>
          <NoRows client={client} state={state} />
        </li>
      )}
      {rows.map((row) => (
        <li key={row.id}>
          <Row client={client} row={row} />
        </li>
      ))}
      {inbox.hasMore.value && (
        <li class="inbox-more">
          <button type="button" class="button quiet" onClick={() => void inbox.loadMore()}>
            {text.more}
          </button>
        </li>
      )}
    </ul>
  );
}

/** What is written to sellers who are not in the list, as to one whom nothing was sent to before. */
function unlistedOf({ outgoing, inbox }: Client): { to: Route; unsent: Unsent }[] {
  return unlisted(outgoing.value, inbox.rows.value, ({ merchant }) => merchant.uid).map(
    ({ place, unsent }) => {
      const to: Route =
        "product" in place
          ? { kind: "product", id: place.product }
          : { kind: "conversation", id: place.conversation };
      return { to, unsent };
    },
  );
}

function NoRows({ client, state }: { client: Client; state: "loading" | "ready" | "failed" }): JSX.Element {
  const text = words();
  const { inbox } = client;
  if (state === "loading") {
    return (
      <div class="inbox-skeleton" role="status">
        <span class="visually-hidden">{text.app.loading}</span>
        <i class="ghost" />
        <i class="ghost" />
        <i class="ghost" />
      </div>
    );
  }
  if (state === "failed") {
    const failure = inbox.failure.value;
    return (
      <EmptyState
        icon={<Icon name="alert" />}
        title={text.inbox.failed}
        body={failure && <FailureNote failure={failure} />}
      >
        <button type="button" class="button" onClick={() => void inbox.reload()}>
          <Icon name="retry" /> {text.app.retry}
        </button>
      </EmptyState>
    );
  }
  if (inbox.search.value !== "")
    return <EmptyState icon={<Icon name="search" />} title={text.inbox.noMatch} />;
  return <EmptyState icon={<Icon name="chat" />} title={text.inbox.empty} body={text.inbox.emptyHint} />;
}

type RowLinkProps = { to: Route; current: boolean; children: ComponentChildren };

function RowLink({ to, current, children }: RowLinkProps): JSX.Element {
  return (
    <a
      class="inbox-row"
      href={searchOf(to)}
      aria-current={current ? "page" : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        goTo(to);
      }}
    >
      {children}
    </a>
  );
}

function Row({ client, row }: { client: Client; row: Conversation }): JSX.Element {
  const text = words();
  const at = route.value;
  const here = at.kind === "conversation" ? at.id === row.id : openPeer.value === row.merchant.uid;
  const unsent = unsentIn(client.outgoing.value, row, row.merchant.uid);
  const online = client.presence(row.merchant.uid).value === "online";
  return (
    <RowLink to={{ kind: "conversation", id: row.id }} current={here}>
      <Avatar of={row.merchant} online={online} />
      <span class="inbox-row-main">
        <span class="inbox-row-line">
          <span class="inbox-name truncate foreign">{row.merchant.name ?? text.app.seller}</span>
          {online && <span class="visually-hidden">{text.presence.online}</span>}
          <time dateTime={new Date(row.last_at).toISOString()}>{brief(row.last_at, today.value)}</time>
        </span>
        <span class="inbox-row-line">
          {unsent === undefined ? (
            row.last && <LastSaid last={row.last} mine={row.last.sender === row.buyer.uid} />
          ) : (
            <StillUnsent {...unsent} />
          )}
          {row.unread > 0 && (
            <span class="badge">
              <span aria-hidden="true">{row.unread > 99 ? "99+" : row.unread}</span>
              <span class="visually-hidden">{text.inbox.unread(row.unread)}</span>
            </span>
          )}
        </span>
      </span>
    </RowLink>
  );
}
