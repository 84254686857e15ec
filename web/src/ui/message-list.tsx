import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Entry, Thread } from "../client/api.ts";
import type { Participant } from "../protocol/body.ts";
import { Avatar } from "./avatar.tsx";
import { Bubble, bubbleParts } from "./bubble.tsx";
import { EmptyState } from "./empty-state.tsx";
import { clock } from "./i18n/clock.ts";
import { failureText } from "./i18n/failure-text.ts";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";
import { type Row, rowsOf } from "./model/rows.ts";
import type { PictureUrls } from "./picture.tsx";
import { type Scroller, useThreadScroll } from "./thread-scroll.ts";
import { showToast } from "./toast.tsx";
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
  const state = thread.state.value;
  if (entries.length > 0)
    return <Messages key={listKey(thread.target.value ?? thread)} {...props} entries={entries} />;
  if (state === "loading") return <Skeleton />;
  if (state === "failed") return <LoadFailed thread={thread} />;
  return <div class="thread-blank">{props.empty}</div>;
}

/** When what messages need at times is loaded. */
const afterFirstDrawing = 300;

const listKeys = new WeakMap<object, number>();
let nextListKey = 1;

/** Another thread, or another message gone to, is another list: nothing of the scroll position carries over. */
function listKey(of: object): number {
  const known = listKeys.get(of);
  if (known !== undefined) return known;
  listKeys.set(of, nextListKey);
  return nextListKey++;
}

function LoadFailed({ thread }: { thread: Thread }): JSX.Element {
  const failure = thread.failure.value;
  return (
    <div class="thread-blank">
      <EmptyState
        icon="alert"
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

function Skeleton(): JSX.Element {
  return (
    <div class="thread-blank thread-skeleton" role="status">
      <span class="visually-hidden">{words().app.loading}</span>
      <i />
      <i />
      <i class="own" />
      <i />
      <i class="own" />
    </div>
  );
}

type MessagesProps = MessageListProps & { entries: readonly Entry[] };

function Messages(props: MessagesProps): JSX.Element {
  const { thread, entries } = props;
  const scroll = useThreadScroll(thread, entries);
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const load of bubbleParts) load().catch(() => undefined);
    }, afterFirstDrawing);
    return () => clearTimeout(timer);
  }, []);
  const firstUnread = thread.firstUnread.value;
  const rows = useMemo(() => rowsOf(scroll.drawn, firstUnread), [scroll.drawn, firstUnread]);
  const peer = thread.peer.value;
  return (
    <div class="thread-frame">
      <section
        class="thread-scroll"
        ref={scroll.ref}
        aria-label={words().message.log}
        // A region that scrolls must be reachable by keyboard.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above.
        tabIndex={0}
        onScroll={scroll.onScroll}
        onKeyDown={moveAmongMessages}
      >
        <div class="thread-content" ref={scroll.contentRef}>
          <Beginning thread={thread} complete={scroll.atOldest} />
          <div
            role="log"
            aria-label={words().message.log}
            aria-live="polite"
            aria-relevant="additions"
            aria-busy={scroll.busy}
          >
            {rows.map((row) => (
              <RowView key={row.key} row={row} list={props} peer={peer} />
            ))}
          </div>
          {scroll.atNewest && !thread.hasNewer.value && <Typing thread={thread} peer={peer} />}
        </div>
      </section>
      <Pill scroll={scroll} />
    </div>
  );
}

function Beginning({ thread, complete }: { thread: Thread; complete: boolean }): JSX.Element {
  if (!complete || thread.hasOlder.value) {
    return (
      <div class="thread-older">
        {thread.loadingOlder.value && <span class="spinner" aria-hidden="true" />}
        <span class="visually-hidden">{words().thread.loadingOlder}</span>
      </div>
    );
  }
  return <p class="thread-start">{words().thread.start}</p>;
}

type RowProps = { row: Row; list: MessageListProps; peer: Participant | undefined };

function RowView({ row, list, peer }: RowProps): JSX.Element {
  switch (row.kind) {
    case "day":
      return (
        <div class="thread-day">
          <time dateTime={new Date(row.at).toISOString()}>{clock().day(row.at, Date.now())}</time>
        </div>
      );
    case "unread":
      return (
        <div class="thread-unread" data-unread>
          <span>{words().thread.unread}</span>
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
          onReport={list.onReport}
        />
      );
  }
}

/** Opens the viewer on one picture, with all others of the thread whose addresses are known. */
async function openPictures({ thread, client }: MessageListProps, key: string, index: number): Promise<void> {
  try {
    const { openThreadPictures } = await import("./thread-pictures.ts");
    await openThreadPictures(thread, client, key, index);
  } catch {
    showToast(words().lightbox.error); // without a network the viewer itself cannot be loaded
  }
}

function Typing({ thread, peer }: { thread: Thread; peer: Participant | undefined }): JSX.Element {
  const name = thread.peerTyping.value;
  return (
    <>
      <div class="visually-hidden" role="status">
        {name !== undefined && words().typing.someone(name === "" ? (peer?.name ?? "") : name)}
      </div>
      {name !== undefined && (
        <div class="entry last typing" aria-hidden="true">
          <span class="entry-side">
            <Avatar of={peer} size="s" />
          </span>
          <div class="bubble">
            <i />
            <i />
            <i />
          </div>
        </div>
      )}
    </>
  );
}

function Pill({ scroll }: { scroll: Scroller }): JSX.Element | null {
  if (!scroll.away) return null;
  const text = words().thread;
  return (
    <button type="button" class="thread-pill" onClick={scroll.toNewest}>
      {scroll.fresh > 0 ? (
        <span>{text.newCount(scroll.fresh)}</span>
      ) : (
        <span class="visually-hidden">{text.toLatest}</span>
      )}
      <Icon name="down" />
    </button>
  );
}

/** ↑ and ↓ move the focus from message to message; the messages are no tab stops of their own. */
function moveAmongMessages(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-key]")];
  const active = document.activeElement;
  const at = all.findIndex((m) => m === active);
  if (at < 0 && active !== event.currentTarget) return; // inside a message's own controls
  const to = at < 0 ? all.length - 1 : at + (event.key === "ArrowUp" ? -1 : 1);
  const next = all[to];
  if (next === undefined) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}
