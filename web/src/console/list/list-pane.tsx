import { useEffect, useRef, useState } from "preact/hooks";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { ConnectionBar } from "../../ui/connection-bar.tsx";
import { failureText } from "../../ui/i18n/failure-text.ts";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { Menu } from "../../ui/menu.tsx";
import type { MenuAnchor } from "../../ui/menu-opener.tsx";
import { buyerName, useDesk } from "../desk.ts";
import { useHeldFocus } from "../hooks.ts";
import { consoleWords } from "../i18n/words.ts";
import { listMove, moved } from "../model/keys.ts";
import { Results } from "../search/results.tsx";
import { flagItems } from "./flags.ts";
import { ListHeader } from "./list-header.tsx";
import { Row } from "./row.tsx";

/** A new page is asked for when so few rows are left below: a page's worth, so that it is there in time. */
const AHEAD = 30;
const ROW_HEIGHT = 64;

/** The seller's conversations. */
export function ListPane() {
  const { arrangement, client } = useDesk();
  return (
    <nav id="pane-list" class="c-list" aria-label={consoleWords().list.label}>
      {/* Where the thread is elsewhere, so is its word on the connection. */}
      {arrangement.value === "stack" && (
        <ConnectionBar state={client.connection.value} onRetry={() => client.wake()} />
      )}
      <ListHeader />
      <ListBody />
      <SoundHint />
    </nav>
  );
}

/** Until the first click or key a browser plays nothing: whoever relies on the sound should know. */
function SoundHint() {
  const { prefs, bell } = useDesk();
  if (bell.ready.value || !prefs.prefs.value.sound) return null;
  return <p class="c-sound-hint">{consoleWords().list.soundOff}</p>;
}

function ListBody() {
  const { client, search } = useDesk();
  const { inbox } = client;
  const words = consoleWords();
  const count = inbox.rows.value.length;
  if (inbox.search.value.trim() !== "") return <Results />;
  if (search.within.value !== undefined)
    return <Note title={words.search.withinTitle} body={words.search.withinBody} />;
  if (inbox.state.value === "failed" && count === 0) {
    const failure = inbox.failure.value;
    return (
      <Note
        title={words.list.failedTitle}
        body={failure === undefined ? "" : failureText(sharedWords(), failure)}
      >
        <button class="button" type="button" onClick={() => void inbox.reload()}>
          {words.action.retry}
        </button>
      </Note>
    );
  }
  if (count > 0) return <Rows />;
  if (inbox.state.value === "loading") return <Skeleton />;
  if (inbox.filter.value === "all" && inbox.product.value === undefined)
    return <Note title={words.list.emptyTitle} body={words.list.emptyBody} />;
  return (
    <Note title={words.list.filteredTitle[inbox.filter.value]} body={words.list.filteredBody}>
      <button
        class="button"
        type="button"
        onClick={() => {
          inbox.setFilter("all");
          inbox.setProduct(undefined);
        }}
      >
        {words.list.showAll}
      </button>
    </Note>
  );
}

/** The rows, and the menu of one of them, which is no part of the list. */
function Rows() {
  const desk = useDesk();
  const [asked, setAsked] = useState<{ id: string; anchor: MenuAnchor }>();
  const of = desk.client.inbox.rows.value.find((row) => row.id === asked?.id);
  return (
    <>
      <RowList onMenu={(id, anchor) => setAsked({ id, anchor })} />
      {asked !== undefined && of !== undefined && (
        <Menu
          items={flagItems(desk, of)}
          label={consoleWords().list.menu(buyerName(of))}
          anchor={asked.anchor}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

function RowList({ onMenu }: { onMenu: (id: string, anchor: MenuAnchor) => void }) {
  const desk = useDesk();
  const { inbox } = desk.client;
  const rows = inbox.rows.value;
  const words = consoleWords();
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const roving = useRovingRow(list, scroller);
  useHeldFocus(scroller);

  const fill = () => {
    const handle = list.current;
    if (handle === null || !inbox.hasMore.value) return;
    const lastSeen = handle.findItemIndex(handle.scrollOffset + handle.viewportSize);
    if (lastSeen >= inbox.rows.value.length - AHEAD) void inbox.loadMore();
  };
  useEffect(fill, [rows.length]);

  return (
    <div
      ref={scroller}
      class="c-rows"
      role="listbox"
      aria-label={words.list.label}
      aria-busy={inbox.state.value === "loading"}
      onKeyDown={roving.press}
      onFocusIn={roving.focused}
    >
      <Virtualizer
        ref={list}
        data={rows}
        itemSize={ROW_HEIGHT}
        onScroll={fill}
        keepMounted={roving.index < 0 ? [] : [roving.index]}
      >
        {(row, index) => (
          <Row
            key={row.id}
            conversation={row}
            index={index}
            count={inbox.hasMore.value ? -1 : rows.length}
            selected={desk.open.value === row.id}
            active={index === Math.max(0, roving.index)}
            onOpen={(id) => desk.openAndWrite(id)}
            onMenu={onMenu}
          />
        )}
      </Virtualizer>
      {inbox.hasMore.value && <p class="c-rows-more">{words.list.more}</p>}
    </div>
  );
}

type Handle<T> = { readonly current: T | null };

/** One row takes the focus for the whole list; arrows move it. It follows its conversation, not its place. */
function useRovingRow(list: Handle<VirtualizerHandle>, scroller: Handle<HTMLElement>) {
  const desk = useDesk();
  const rows = desk.client.inbox.rows.value;
  const [activeId, setActiveId] = useState<string>();
  const wanted = useRef<string>();
  const found = rows.findIndex((row) => row.id === (activeId ?? desk.open.value));
  const index = found < 0 ? rows.findIndex((row) => row.id === desk.open.value) : found;

  useEffect(() => {
    if (wanted.current === undefined) return;
    const row = rowElement(scroller.current, wanted.current);
    wanted.current = undefined;
    row?.focus({ preventScroll: true });
  });

  // Opened from elsewhere (keys, a notice, the address): the list follows.
  const open = desk.open.value;
  useEffect(() => {
    setActiveId(undefined);
    const at = desk.client.inbox.rows.value.findIndex((row) => row.id === open);
    if (at >= 0) list.current?.scrollToIndex(at, { align: "nearest" });
  }, [open, desk, list]);

  const press = (event: KeyboardEvent) => {
    const move = listMove(event);
    if (move === undefined || rows.length === 0) return;
    event.preventDefault();
    const current = rows[Math.max(0, index)];
    if (move === "open") {
      if (current !== undefined) desk.openAndWrite(current.id);
      return;
    }
    const to = moved(move, index, rows.length);
    wanted.current = rows[to]?.id;
    setActiveId(rows[to]?.id);
    list.current?.scrollToIndex(to, { align: "nearest" });
  };

  const focused = (event: FocusEvent) => {
    const id = event.target instanceof HTMLElement ? event.target.dataset["id"] : undefined;
    if (id !== undefined) setActiveId(id);
  };

  return { index, press, focused };
}

function rowElement(within: HTMLElement | null, id: string): HTMLElement | null {
  return within?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`) ?? null;
}

/** Where rows will be, while they are fetched for the first time. */
function Skeleton() {
  return (
    <div class="c-rows" aria-busy="true">
      <p class="visually-hidden" role="status">
        {consoleWords().list.loading}
      </p>
      {[1, 2, 3, 4, 5, 6].map((n) => (
        <div key={n} class="c-row c-row-skeleton" aria-hidden="true">
          <span class="c-bone c-bone-round" />
          <span class="c-row-main">
            <span class="c-bone c-bone-short" />
            <span class="c-bone" />
          </span>
        </div>
      ))}
    </div>
  );
}

type NoteProps = { title: string; body: string; children?: preact.ComponentChildren };

/** What the list says when it has no rows to show. */
function Note({ title, body, children }: NoteProps) {
  return (
    <div class="c-note" role="status">
      <h2>{title}</h2>
      <p>{body}</p>
      {children}
    </div>
  );
}
