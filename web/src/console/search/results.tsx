import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Failure } from "../../client/api.ts";
import type { Conversation, Message } from "../../protocol/body.ts";
import type { FoundMessage } from "../../protocol/found.ts";
import { Avatar } from "../../ui/avatar.tsx";
import { failureText } from "../../ui/i18n/failure-text.ts";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { buyerName, useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { searchField } from "../list/list-header.tsx";
import { Row } from "../list/row.tsx";
import { whoSaid } from "../list/who-said.ts";
import { listMove, moved } from "../model/keys.ts";
import { MoreButton } from "../more-button.tsx";
import { snippetOf } from "./snippet.ts";
import "./search.css";

/** So many conversations stand above the messages, until all are wanted. */
const FEW = 5;

/** What was searched for: conversations by the buyer's name, and below them messages by what they say. */
export function Results() {
  const { client, search } = useDesk();
  const { inbox } = client;
  const text = inbox.search.value;
  const within = search.within.value;
  useEffect(() => search.find(text), [search, text, within]);
  // Who stops searching and searches for the same again wants to know what has come since.
  useEffect(
    () => () => {
      if (inbox.search.peek().trim() === "") search.find("");
    },
    [inbox, search],
  );
  const results = useRef<HTMLDivElement>(null);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the lists in it are what is operated; keys lead from one to the other.
    <div ref={results} class="c-rows" onKeyDown={(event) => move(event, results.current)}>
      {within === undefined && <Conversations />}
      <Messages text={text} />
    </div>
  );
}

/** Arrows lead through both lists, Enter opens. */
function move(event: KeyboardEvent, results: HTMLElement | null): void {
  const wanted = listMove(event);
  const rows = [...(results?.querySelectorAll<HTMLElement>('[role="option"]') ?? [])];
  const at = rows.findIndex((row) => row === document.activeElement);
  if (wanted === undefined || at < 0) return;
  event.preventDefault();
  if (wanted === "open") rows[at]?.click();
  else rows[moved(wanted, at, rows.length)]?.focus();
}

function Conversations() {
  const desk = useDesk();
  const { inbox } = desk.client;
  const words = consoleWords();
  const [all, setAll] = useState(false);
  const rows = inbox.rows.value;
  const shown = all ? rows : rows.slice(0, FEW);
  const more = rows.length > shown.length || inbox.hasMore.value;
  const failed = inbox.state.value === "failed";
  if (rows.length === 0 && !failed) return null;
  return (
    <Group title={words.search.conversations}>
      {(label) => (
        <>
          <div role="listbox" aria-labelledby={label} aria-busy={inbox.state.value === "loading"}>
            {shown.map((row, index) => (
              <Row
                key={row.id}
                conversation={row}
                index={index}
                count={more ? -1 : rows.length}
                selected={desk.open.value === row.id}
                active={index === 0}
                onOpen={(id) => desk.openAndWrite(id)}
              />
            ))}
          </div>
          {failed && <Failed failure={inbox.failure.value} again={() => void inbox.reload()} />}
          {more && (
            <MoreButton
              class="c-results-more"
              label={words.search.moreConversations}
              loading={inbox.state.value === "loading"}
              onMore={() => {
                if (all || rows.length <= FEW) void inbox.loadMore();
                setAll(true);
              }}
              next={searchField}
            />
          )}
        </>
      )}
    </Group>
  );
}

function Failed({ failure, again }: { failure: Failure | undefined; again: () => void }) {
  return (
    <div class="c-results-note" role="status">
      <p>{failure === undefined ? "" : failureText(sharedWords(), failure)}</p>
      <button class="button" type="button" onClick={again}>
        {consoleWords().action.retry}
      </button>
    </div>
  );
}

function Messages({ text }: { text: string }) {
  const { search } = useDesk();
  const words = consoleWords();
  const found = search.found.value;
  return (
    <Group title={words.search.messages}>
      {(label) => (
        <>
          {found.length > 0 && (
            <div role="listbox" aria-labelledby={label}>
              {found.map((hit, index) => (
                <Hit
                  key={`${hit.message.conversation} ${hit.message.seq}`}
                  hit={hit}
                  text={text}
                  first={index === 0}
                />
              ))}
            </div>
          )}
          <Standing />
        </>
      )}
    </Group>
  );
}

/** What there is to say about the search for messages, below what it has found. */
function Standing() {
  const { client, search } = useDesk();
  const words = consoleWords();
  const state = search.state.value;
  const count = search.found.value.length;
  if (state === "failed") {
    return <Failed failure={search.failure.value} again={() => search.find(client.inbox.search.value)} />;
  }
  return (
    <>
      <p class={count > 0 ? "visually-hidden" : "c-results-note"} role="status">
        {state === "ready" ? words.search.found(count) : words.search.loading}
      </p>
      {search.hasMore.value && (
        <MoreButton
          class="c-results-more"
          label={words.search.moreMessages}
          loading={state === "loading"}
          onMore={search.more}
          next={searchField}
        />
      )}
    </>
  );
}

function Group({ title, children }: { title: string; children: (label: string) => ComponentChildren }) {
  const label = useId();
  return (
    <div class="c-results">
      <h2 id={label}>{title}</h2>
      {children(label)}
    </div>
  );
}

function Hit({ hit, text, first }: { hit: FoundMessage; text: string; first: boolean }) {
  const desk = useDesk();
  const { labels, minute } = desk;
  const { message, conversation } = hit;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the results take the keys for all their rows.
    <div
      class="c-row c-hit"
      role="option"
      aria-selected={false}
      tabIndex={first ? 0 : -1}
      onClick={() => desk.goTo(message.conversation, message.seq)}
    >
      <Avatar of={conversation.buyer} size="m" />
      <div class="c-row-main">
        <div class="c-row-line">
          <span class="c-row-name truncate">
            <bdi>{buyerName(conversation)}</bdi>
          </span>
          <time
            class="c-row-time"
            dateTime={new Date(message.sent_at).toISOString()}
            title={labels.value.full(message.sent_at)}
          >
            {labels.value.short(message.sent_at, minute.value)}
          </time>
        </div>
        <Said message={message} conversation={conversation} text={text} />
      </div>
    </div>
  );
}

function Said({
  message,
  conversation,
  text,
}: {
  message: Message;
  conversation: Conversation;
  text: string;
}) {
  const { me } = useDesk();
  const said = message.blocks.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(" ");
  return (
    <span class="c-row-text c-row-said">
      {message.sender === conversation.merchant.uid && (
        <span class="c-row-who truncate">{whoSaid(message, me.agent, consoleWords())}</span>
      )}{" "}
      <span class="truncate" dir="auto">
        {snippetOf(said, text).map(({ text: bit, hit }, at) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: the bits of one line have no other name.
          hit ? <mark key={at}>{bit}</mark> : bit,
        )}
      </span>
    </span>
  );
}
