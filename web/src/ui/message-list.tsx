import type { ComponentChildren, JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Entry, Thread } from "../client/api.ts";
import type { Participant } from "../protocol/body.ts";
import { Bubble } from "./bubble.tsx";
import { clock, today } from "./i18n/clock.ts";
import { firstWords } from "./i18n/language.ts";
import { later } from "./later.ts";
import { lazy, sayNotLoaded, withWords } from "./lazy.tsx";
import type { MenuAnchor } from "./menu-opener.tsx";
import type { MessageMenuProps } from "./message-menu.tsx";
import { type Row, rowsOf } from "./model/rows.ts";
import { kindsFailed, moreKinds, needKinds, wantKinds } from "./more-kinds.ts";
import type { PictureUrls } from "./picture.tsx";
import { pressEvents } from "./press-events.ts";
import { ThreadBlank } from "./thread-blank.tsx";
import { useThreadScroll } from "./thread-scroll.ts";
import "./thread.css";

export type MessageListProps = {
  thread: Thread;
  client: PictureUrls;
  /** `Me.limits.recall_ms`. */
  recallMs: number;
  /** Names the colleague who wrote, as a shop's staff needs. */
  showWriter?: boolean;
  /** What stands in a thread without messages. */
  empty?: ComponentChildren;
  /** Opens the form to report a message of the other side. */
  onReport?: (seq: number) => void;
};

/** A thread: its messages, oldest first, with everything that makes reading them pleasant. */
export function MessageList(props: MessageListProps): JSX.Element {
  const { thread } = props;
  const entries = thread.entries.value;
  const complete = useKinds(entries);
  if (entries.length === 0 || !complete) return <ThreadBlank thread={thread} empty={props.empty} />;
  // Another thread is another list: nothing of the scroll position carries over.
  return <Messages key={thread} {...props} entries={entries} />;
}

type Away = typeof import("./thread-away.tsx");
let away: Away | undefined;
const loadMessageMenu = later(() => import("./message-menu.tsx"));
const MessageMenu = lazy<MessageMenuProps>(async () => (await loadMessageMenu()).MessageMenu);
const loadAway = later(async (): Promise<Away> => (away ??= await import("./thread-away.tsx")));
const Older = lazy<{ thread: Thread }>(async () => (await loadAway()).Older);
const Pill = lazy<{ thread: Thread; toNewest: () => void }>(async () => (await loadAway()).Pill);
const TypingBubble = lazy<{ peer: Participant | undefined }>(async () => (await loadAway()).TypingBubble);

/** Whether what is opened can be drawn. What comes later is drawn as far as it can be. */
function useKinds(entries: readonly Entry[]): boolean {
  const drawn = useRef(false);
  const missing = moreKinds.value === undefined && needKinds(entries);
  useEffect(() => {
    if (missing) void wantKinds();
  }, [missing]);
  drawn.current ||= entries.length > 0 && (!missing || kindsFailed.value);
  return drawn.current;
}

type MessagesProps = MessageListProps & { entries: readonly Entry[] };

function Messages(props: MessagesProps): JSX.Element {
  const { thread, entries } = props;
  const scroll = useThreadScroll(thread, entries);
  const firstUnread = thread.firstUnread.value;
  const rows = useMemo(() => rowsOf(scroll.drawn, firstUnread), [scroll.drawn, firstUnread]);
  const peer = thread.peer.value;
  const [menu, setMenu] = useState<{ key: string; anchor: MenuAnchor }>();
  const openMenu = useCallback((key: string, anchor: MenuAnchor) => setMenu({ key, anchor }), []);
  const hear = (event: Event) => away?.hear(event, openMenu);
  const chosen = rows.find((row) => row.kind === "entry" && row.key === menu?.key);
  return (
    <div class="thread-frame">
      <section
        class="thread-scroll"
        ref={scroll.ref}
        aria-label={peer?.name ?? firstWords().message.log}
        // A region that scrolls must be reachable by keyboard.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above.
        tabIndex={0}
        onScroll={scroll.onScroll}
        onKeyDown={hear}
        {...pressEvents(hear)}
      >
        <div class="thread-content" ref={scroll.contentRef}>
          <Beginning thread={thread} complete={scroll.atOldest} />
          <div
            role="log"
            aria-label={firstWords().message.log}
            aria-live="polite"
            aria-relevant="additions"
            aria-busy={scroll.busy}
          >
            {rows.map((row) => (
              <RowView key={row.key} row={row} list={props} peer={peer} onMenu={openMenu} />
            ))}
          </div>
          {scroll.atNewest && !thread.hasNewer.value && <Typing thread={thread} peer={peer} />}
        </div>
      </section>
      {scroll.away && <Pill thread={thread} toNewest={scroll.toNewest} />}
      {menu !== undefined && chosen?.kind === "entry" && (
        <MessageMenu
          entry={chosen.entry}
          thread={thread}
          recallMs={props.recallMs}
          onReport={props.onReport}
          note={clock().full(chosen.at)}
          anchor={menu.anchor}
          onClose={() => setMenu(undefined)}
        />
      )}
    </div>
  );
}

function Beginning({ thread, complete }: { thread: Thread; complete: boolean }): JSX.Element {
  if (!complete || thread.hasOlder.value) {
    return (
      <div class="thread-older">
        {(thread.failure.value ?? thread.loadingOlder.value) && <Older thread={thread} />}
      </div>
    );
  }
  return <p class="thread-start">{firstWords().thread.start}</p>;
}

type RowProps = {
  row: Row;
  list: MessageListProps;
  peer: Participant | undefined;
  onMenu(key: string, anchor: MenuAnchor): void;
};

function RowView({ row, list, peer, onMenu }: RowProps): JSX.Element {
  switch (row.kind) {
    case "day":
      return (
        <div class="thread-day">
          <time dateTime={new Date(row.at).toISOString()}>{clock().day(row.at, today.value)}</time>
        </div>
      );
    case "unread":
      return (
        <div class="thread-unread" data-unread>
          <span>{firstWords().thread.unread}</span>
        </div>
      );
    case "entry":
      return (
        <Bubble
          row={row}
          thread={list.thread}
          client={list.client}
          peer={peer}
          recallMs={list.recallMs}
          showWriter={list.showWriter === true}
          onOpenPicture={(key, index) => void openPictures(list, key, index)}
          onMenu={onMenu}
        />
      );
  }
}

/** Opens the viewer on one picture, with all others of the thread whose addresses are known. */
async function openPictures({ thread, client }: MessageListProps, key: string, index: number): Promise<void> {
  try {
    const { openThreadPictures } = await withWords(() => import("./thread-pictures.ts"));
    await openThreadPictures(thread, client, key, index);
  } catch {
    sayNotLoaded();
  }
}

/** That the other side writes is said aloud once, until there is something new to read. */
function Typing({ thread, peer }: { thread: Thread; peer: Participant | undefined }): JSX.Element {
  const name = thread.peerTyping.value;
  const last = thread.entries.value.at(-1)?.key;
  const said = useRef<string>();
  useEffect(
    () => () => {
      if (name !== undefined) said.current = last;
    },
    [name, last],
  );
  const aloud = name !== undefined && said.current !== last;
  return (
    <>
      <div class="visually-hidden" role="status">
        {aloud && firstWords().typing.someone(name === "" ? (peer?.name ?? "") : name)}
      </div>
      {name !== undefined && <TypingBubble peer={peer} />}
    </>
  );
}
