import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Entry, Thread } from "../client/api.ts";
import type { Participant } from "../protocol/body.ts";
import { Avatar } from "./avatar.tsx";
import { FirstIcon } from "./first-icon.tsx";
import { clock } from "./i18n/clock.ts";
import { firstWords } from "./i18n/language.ts";
import { later } from "./later.ts";
import { lazy } from "./lazy.tsx";
import type { MenuAnchor } from "./menu-opener.tsx";
import { isBigEmoji } from "./model/big-emoji.ts";
import { addedLater } from "./model/notice.ts";
import { isTombstone, type Row } from "./model/rows.ts";
import { textsOf } from "./model/texts.ts";
import { kindsFailed, moreKinds } from "./more-kinds.ts";
import type { OutgoingNotesProps } from "./outgoing-notes.tsx";
import type { PictureUrls } from "./picture.tsx";
import { PlainText } from "./plain-text.tsx";
import { Tick } from "./tick.tsx";
import { writerName } from "./writer.ts";

const loadNotes = later(() => import("./outgoing-notes.tsx"));
const OutgoingNotes = lazy<OutgoingNotesProps>(async () => (await loadNotes()).OutgoingNotes);

export type BubbleProps = {
  row: Extract<Row, { kind: "entry" }>;
  thread: Thread;
  client: PictureUrls;
  peer: Participant | undefined;
  /** Until when after its sending a message can be taken back. */
  recallMs: number;
  /** Names the writer above the first of a group, as a shop's staff needs. */
  showWriter: boolean;
  onOpenPicture(key: string, index: number): void;
  onMenu(key: string, anchor: MenuAnchor): void;
};

function isAutomatic(entry: Entry): boolean {
  return entry.kind === "message" && entry.message.auto !== undefined;
}

/** The writer as a screen reader says it. */
function spokenName(entry: Entry, peer: Participant | undefined): string {
  const name = writerName(entry, peer);
  return isAutomatic(entry) ? `${name}, ${firstWords().message.automatic}` : name;
}

/** What stands above the bubble, where nobody can imitate it: that the server wrote by itself, or who it was. */
function Above({ entry, writer }: { entry: Entry; writer: boolean }): JSX.Element | null {
  if (isAutomatic(entry)) return <span class="entry-writer">{firstWords().message.automatic}</span>;
  const name = entry.kind === "message" ? entry.message.agent_name : undefined;
  return writer && name !== undefined ? <span class="entry-writer foreign">{name}</span> : null;
}

/** One message of a thread, or what stays of one that was taken back. */
export function Bubble(props: BubbleProps): JSX.Element {
  if (!isTombstone(props.row.entry)) return <Message {...props} />;
  const more = moreKinds.value;
  return more === undefined ? <NotLoaded /> : <more.Tombstone {...props} />;
}

/** Its bubble, its menu and, at the end of a group, its time. */
function Message(props: BubbleProps): JSX.Element {
  const { row, peer } = props;
  const { entry, mine } = row;
  const body = useRef<HTMLDivElement>(null);
  const open = () => {
    if (body.current !== null) props.onMenu(row.key, body.current.getBoundingClientRect());
  };
  const said = `said-${encodeURIComponent(row.key)}`;
  const time = clock().time(row.at);
  const name = ({ currentTarget }: { currentTarget: HTMLElement }) => {
    currentTarget.title = clock().full(row.at);
  };
  const when = addedLater(entry) ? clock().full(row.at) : time;
  return (
    <article
      class={`entry${mine ? " mine" : ""}${row.first ? " first" : ""}${row.last ? " last" : ""}`}
      aria-label={firstWords().message.name(
        spokenName(entry, peer),
        when,
        entry.tick === undefined ? "" : firstWords().tick[entry.tick],
      )}
      aria-describedby={said}
      data-key={row.key}
      // The list moves the focus among its messages with the arrow keys, and opens their menus by other keys.
      tabIndex={-1}
    >
      {!mine && <span class="entry-side">{row.last && <Avatar of={peer} size="s" />}</span>}
      <div class="entry-main">
        <Above entry={entry} writer={props.showWriter && row.first} />
        <div class="entry-line">
          <div id={said} class="bubble-box" ref={body} onPointerEnter={name}>
            <BubbleBody {...props} />
          </div>
          <button
            type="button"
            class="entry-more"
            tabIndex={-1}
            aria-label={firstWords().message.actions}
            onClick={open}
          >
            <FirstIcon name="more" />
          </button>
          {entry.tick !== undefined && !row.last && isPending(entry) && <Tick state={entry.tick} />}
        </div>
        {entry.kind === "outgoing" && needsNotes(entry) && (
          <OutgoingNotes entry={entry} thread={props.thread} />
        )}
        {row.last && (
          <div class="entry-foot" aria-hidden="true">
            <time dateTime={new Date(row.at).toISOString()}>{time}</time>
            {entry.tick !== undefined && <Tick state={entry.tick} />}
          </div>
        )}
      </div>
    </article>
  );
}

function isPending(entry: Entry): boolean {
  return entry.kind === "outgoing";
}

function needsNotes({ tick, stale }: Entry & { kind: "outgoing" }): boolean {
  return tick === "uploading" || tick === "failed" || stale;
}

/** What was said, in its bubble; where that is more than text, drawn by what was loaded for it. */
function BubbleBody(props: BubbleProps): JSX.Element | null {
  const texts = textsOf(props.row.entry);
  if (texts === undefined) {
    const more = moreKinds.value;
    return more === undefined ? <NotLoaded /> : <more.MixedBody {...props} />;
  }
  const [only = ""] = texts;
  return (
    <div class={texts.length === 1 && isBigEmoji(only) ? "bubble bare" : "bubble"}>
      {texts.map((text, i) => (
        <PlainText key={i} text={text} />
      ))}
    </div>
  );
}

function NotLoaded(): JSX.Element | null {
  if (!kindsFailed.value) return null;
  return (
    <div class="bubble">
      <p class="rich-text foreign">{firstWords().app.notLoaded}</p>
    </div>
  );
}
