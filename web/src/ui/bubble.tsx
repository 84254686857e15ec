import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Entry, Thread } from "../client/api.ts";
import type { Participant } from "../protocol/body.ts";
import { Avatar } from "./avatar.tsx";
import { clock } from "./i18n/clock.ts";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";
import { lazy } from "./lazy.tsx";
import type { MenuAnchor } from "./menu.tsx";
import type { MessageMenuProps } from "./message-menu.tsx";
import { isBigEmoji } from "./model/big-emoji.ts";
import { addedLater } from "./model/notice.ts";
import type { Row } from "./model/rows.ts";
import { boxOf, partsOf, type Said, type Shot } from "./model/sections.ts";
import { NoticeLine } from "./notice-line.tsx";
import type { OutgoingNotesProps } from "./outgoing-notes.tsx";
import { Picture, type PictureUrls } from "./picture.tsx";
import { ProductCard } from "./product-card.tsx";
import { RichText } from "./rich-text.tsx";
import { Tick } from "./tick.tsx";

const loadNotes = () => import("./outgoing-notes.tsx");
const loadMessageMenu = () => import("./message-menu.tsx");
const OutgoingNotes = lazy<OutgoingNotesProps>(async () => (await loadNotes()).OutgoingNotes);
const MessageMenu = lazy<MessageMenuProps>(async () => (await loadMessageMenu()).MessageMenu);

/** Parts that messages have only at times. Load them while there is a network: without one they are needed, too. */
export const bubbleParts: readonly (() => Promise<unknown>)[] = [loadNotes, loadMessageMenu];

const single = { width: 250, height: 320 };
const longPressMs = 450;

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
  onReport: ((seq: number) => void) | undefined;
};

/** Who wrote an entry, in words. */
export function writerName(entry: Entry, peer: Participant | undefined): string {
  if (entry.kind === "outgoing") return words().app.you;
  const { agent_name: agent } = entry.message;
  if (entry.mine) return agent ?? words().app.you;
  return peer?.name ?? agent ?? words().app.seller;
}

function isAutomatic(entry: Entry): boolean {
  return entry.kind === "message" && entry.message.auto !== undefined;
}

/** The writer as a screen reader says it. */
function spokenName(entry: Entry, peer: Participant | undefined): string {
  const name = writerName(entry, peer);
  return isAutomatic(entry) ? `${name}, ${words().message.automatic}` : name;
}

/** What stands above the bubble, where nobody can imitate it: that the server wrote by itself, or who it was. */
function Above({ entry, writer }: { entry: Entry; writer: boolean }): JSX.Element | null {
  if (isAutomatic(entry)) return <span class="entry-writer">{words().message.automatic}</span>;
  const name = entry.kind === "message" ? entry.message.agent_name : undefined;
  return writer && name !== undefined ? <span class="entry-writer foreign">{name}</span> : null;
}

/** One message of a thread: its bubble, its menu and, at the end of a group, its time. */
export function Bubble(props: BubbleProps): JSX.Element {
  const { row, peer } = props;
  const { entry, mine } = row;
  const [menu, setMenu] = useState<MenuAnchor>();
  const body = useRef<HTMLDivElement>(null);
  const open = () => setMenu(body.current?.getBoundingClientRect());
  const press = useLongPress(open);
  const time = clock().time(row.at);
  const when = addedLater(entry) ? clock().full(row.at) : time;
  const recalled = entry.kind === "message" && entry.message.recalled_at !== undefined;
  if (recalled) return <Tombstone {...props} />;
  return (
    <article
      class={`entry${mine ? " mine" : ""}${row.first ? " first" : ""}${row.last ? " last" : ""}`}
      aria-label={words().message.name(
        spokenName(entry, peer),
        when,
        entry.tick === undefined ? "" : words().tick[entry.tick],
      )}
      data-key={row.key}
      // The list moves the focus among its messages with the arrow keys.
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget || !opensMenu(event)) return;
        event.preventDefault();
        open();
      }}
    >
      {!mine && <span class="entry-side">{row.last && <Avatar of={peer} size="s" />}</span>}
      <div class="entry-main">
        <Above entry={entry} writer={props.showWriter && row.first} />
        <div class="entry-line">
          <div class="bubble-box" ref={body} title={clock().full(row.at)} {...press}>
            <BubbleBody {...props} />
          </div>
          <button
            type="button"
            class="entry-more"
            tabIndex={-1}
            aria-label={words().message.actions}
            onClick={open}
          >
            <Icon name="more" />
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
      {menu !== undefined && (
        <MessageMenu
          {...props}
          entry={entry}
          note={clock().full(row.at)}
          anchor={menu}
          onClose={() => setMenu(undefined)}
        />
      )}
    </article>
  );
}

function isPending(entry: Entry): boolean {
  return entry.kind === "outgoing";
}

function needsNotes({ tick, stale }: Entry & { kind: "outgoing" }): boolean {
  return tick === "uploading" || tick === "failed" || stale;
}

function opensMenu(event: KeyboardEvent): boolean {
  return (
    event.key === "Enter" ||
    event.key === " " ||
    event.key === "ContextMenu" ||
    (event.shiftKey && event.key === "F10")
  );
}

function Tombstone({ row, peer }: BubbleProps): JSX.Element {
  const text = words().message;
  return (
    <article class="tombstone" data-key={row.key} tabIndex={-1} title={clock().full(row.at)}>
      <Icon name="undo" />
      <span class="foreign">
        {row.mine ? text.recalledByYou : text.recalledBy(peer?.name ?? words().app.seller)}
      </span>
    </article>
  );
}

/** What was said, in its bubbles, and between them what the chat itself says about it. */
function BubbleBody({ row, client, onOpenPicture, peer }: BubbleProps): JSX.Element {
  const draw = (section: Said, i: number) => (
    <SectionView
      key={`${section.kind}-${i}`}
      section={section}
      of={row.key}
      client={client}
      from={`${writerName(row.entry, peer)}, ${clock().time(row.at)}`}
      onOpen={(index) => onOpenPicture(row.key, index)}
    />
  );
  return (
    <>
      {partsOf(row.entry).map((part, i) =>
        part.kind === "notice" ? (
          <NoticeLine key={i} notice={part.notice} at={row.at} />
        ) : (
          <div key={i} class={`bubble${standsAlone(part.sections) ? " bare" : ""}`}>
            {part.sections.map(draw)}
          </div>
        ),
      )}
    </>
  );
}

/** What needs no bubble around it. */
function standsAlone([section, ...more]: readonly Said[]): boolean {
  if (section === undefined || more.length > 0) return false;
  if (section.kind === "text") return isBigEmoji(section.text);
  return section.kind === "pictures" || section.kind === "product";
}

type SectionProps = {
  section: Said;
  of: string;
  client: PictureUrls;
  from: string;
  onOpen(index: number): void;
};

function SectionView({ section, of, client, from, onOpen }: SectionProps): JSX.Element {
  switch (section.kind) {
    case "text":
      return <RichText text={section.text} />;
    case "product":
      return <ProductCard product={section.product} look="card" />;
    case "pictures":
      return <Shots shots={section.shots} of={of} client={client} from={from} onOpen={onOpen} />;
    case "unknown":
      return <p class="rich-text foreign unsupported">{words().message.unsupported}</p>;
  }
}

type ShotsProps = {
  shots: readonly Shot[];
  of: string;
  client: PictureUrls;
  from: string;
  onOpen(index: number): void;
};

function Shots({ shots, of, client, from, onOpen }: ShotsProps): JSX.Element {
  const text = words().message;
  const [only] = shots;
  const alone = shots.length === 1;
  const shape = shots.length === 2 ? "two" : shots.length === 4 ? "four" : "";
  return (
    <div class={alone ? "picture-single" : `picture-grid ${shape}`}>
      {shots.map((shot, i) => (
        <Picture
          key={shot.index}
          client={client}
          of={of}
          shot={shot}
          box={alone && only !== undefined ? boxOf(only, single) : "grid"}
          name={`${alone ? text.picture : text.pictureOf(i + 1, shots.length)}, ${from}`}
          onOpen={() => onOpen(shot.index)}
        />
      ))}
    </div>
  );
}

/** Long press on touch and right click with a mouse open the menu of a message. */
function useLongPress(open: () => void): JSX.HTMLAttributes<HTMLDivElement> {
  const timer = useRef(0);
  const stop = () => clearTimeout(timer.current);
  return {
    onContextMenu: (event) => {
      // A link or a selection keeps the browser's own menu.
      if (event.target instanceof Element && event.target.closest("a") !== null) return;
      if (getSelection()?.isCollapsed === false) return;
      event.preventDefault();
      stop();
      open();
    },
    onPointerDown: (event) => {
      stop();
      if (event.pointerType === "touch") timer.current = window.setTimeout(open, longPressMs);
    },
    onPointerUp: stop,
    onPointerMove: (event) => {
      if (Math.abs(event.movementX) + Math.abs(event.movementY) > 3) stop();
    },
    onPointerCancel: stop,
  };
}
