import { useMemo } from "preact/hooks";
import type { Conversation } from "../../protocol/body.ts";
import { Avatar } from "../../ui/avatar.tsx";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { noticeBrief } from "../../ui/i18n/notice-text.ts";
import { Icon, type IconPath } from "../../ui/icon.tsx";
import { longPress } from "../../ui/long-press.ts";
import type { MenuAnchor } from "../../ui/menu-opener.tsx";
import { type PreviewWords, previewOf } from "../../ui/model/preview.ts";
import { unsentIn } from "../../ui/model/unsent.ts";
import { pressEvents } from "../../ui/press-events.ts";
import { Tick } from "../../ui/tick.tsx";
import { buyerName, useDesk } from "../desk.ts";
import { bellOff, eye, pen, pin } from "../drawings.ts";
import { usePresence } from "../hooks.ts";
import type { ConsoleWords } from "../i18n/en.ts";
import { consoleWords } from "../i18n/words.ts";
import { badgeText } from "../model/badge.ts";
import type { DraftLine } from "../model/drafts.ts";
import { whoSaid } from "./who-said.ts";

type RowProps = {
  conversation: Conversation;
  index: number;
  count: number;
  selected: boolean;
  /** The one row that Tab reaches. */
  active: boolean;
  onOpen: (id: string) => void;
  /** Opens the menu of what can be done with it: by the right button, a long press, or the menu key. */
  onMenu?: (id: string, anchor: MenuAnchor) => void;
};

/** One conversation in the list. */
export function Row({ conversation, index, count, selected, active, onOpen, onMenu }: RowProps) {
  const { labels, minute, client, colleagues } = useDesk();
  const words = consoleWords();
  const presence = usePresence(conversation.buyer.uid);
  const typing = client.typing(conversation.id).value !== undefined;
  const name = buyerName(conversation);
  const [colleague] = colleagues.at(conversation.id).value;
  const press = useMemo(longPress, []);
  const hear = (event: Event) => press(event, (at) => onMenu?.(conversation.id, anchorOf(at)));
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys for all its rows.
    <div
      class={`c-row${conversation.pinned ? " pinned" : ""}`}
      role="option"
      id={`row-${conversation.id}`}
      data-id={conversation.id}
      aria-selected={selected}
      aria-posinset={index + 1}
      aria-setsize={count}
      tabIndex={active ? 0 : -1}
      onClick={() => onOpen(conversation.id)}
      {...(onMenu !== undefined && pressEvents(hear))}
    >
      <Avatar of={conversation.buyer} size="m" online={presence === "online"} />
      <div class="c-row-main">
        <div class="c-row-line">
          <span class="c-row-name truncate">
            <bdi>{name}</bdi>
          </span>
          <span class="visually-hidden">{words.presence[presence]}</span>
          {colleague !== undefined && (
            <Mark
              drawing={colleague.typing ? pen : eye}
              label={(colleague.typing ? words.colleague.writing : words.colleague.looking)(colleague.name)}
            />
          )}
          {conversation.pinned && <Mark drawing={pin} label={words.list.pinned} />}
          {conversation.muted && <Mark drawing={bellOff} label={words.list.muted} />}
          <time
            class="c-row-time"
            dateTime={new Date(conversation.last_at).toISOString()}
            title={labels.value.full(conversation.last_at)}
          >
            {labels.value.short(conversation.last_at, minute.value)}
          </time>
        </div>
        <div class="c-row-line">
          <Summary conversation={conversation} typing={typing} open={selected} />
          <Marks conversation={conversation} words={words} />
        </div>
      </div>
    </div>
  );
}

function Mark({ drawing, label }: { drawing: IconPath; label: string }) {
  return (
    <span class="c-row-flag" title={label}>
      <Icon name={drawing} />
      <span class="visually-hidden">{label}</span>
    </span>
  );
}

/** Where the pointer is; the menu opens towards the end of the line. */
function anchorOf({ clientX, clientY }: MouseEvent): MenuAnchor {
  return { left: clientX, right: clientX + MENU_WIDTH, top: clientY, bottom: clientY };
}

const MENU_WIDTH = 200;

function Marks({ conversation, words }: { conversation: Conversation; words: ConsoleWords }) {
  const unread = badgeText(conversation.unread);
  const quiet = conversation.muted ? " quiet" : "";
  if (unread === "" && conversation.marked) {
    return (
      <span class={`c-badge c-badge-dot${quiet}`}>
        <span class="visually-hidden">{words.list.marked}</span>
      </span>
    );
  }
  if (unread !== "") {
    return (
      <span class={`c-badge${quiet}`}>
        <span aria-hidden="true">{unread}</span>
        <span class="visually-hidden">{words.list.unread(conversation.unread)}</span>
      </span>
    );
  }
  if (conversation.merchant_at.blocked) return <span class="c-row-tag">{words.list.blocked}</span>;
  return null;
}

type SummaryProps = { conversation: Conversation; typing: boolean; open: boolean };

/** What the row says last: who is typing, else what is unsent, else what was said. */
function Summary({ conversation, typing, open }: SummaryProps) {
  const desk = useDesk();
  const words = consoleWords();
  if (typing) return <span class="c-row-text c-row-typing truncate">{words.list.typing}</span>;
  const draft = open ? undefined : desk.drafts.lines.value.get(conversation.id);
  if (draft !== undefined) {
    return (
      <span class="c-row-text c-row-said">
        <span class="c-row-draft">{words.list.draft}</span>{" "}
        <span class="truncate" dir="auto">
          {draftText(draft, words)}
        </span>
      </span>
    );
  }
  const unsent = unsentIn(desk.client.outgoing.value, conversation, conversation.buyer.uid);
  if (unsent !== undefined) {
    return (
      <span class="c-row-text c-row-said c-row-unsent">
        <Tick state={unsent.tick} labelled />
        <span class="truncate" dir="auto">
          {previewOf({ blocks: unsent.pieces }, previewWords(words))}
        </span>
      </span>
    );
  }
  const last = conversation.last;
  const said = last === undefined ? "" : previewOf(last, previewWords(words));
  const mine = last?.sender === conversation.merchant.uid && last.recalled_at === undefined;
  return (
    <span class="c-row-text c-row-said">
      {mine && <span class="c-row-who truncate">{whoSaid(last, desk.me.agent, words)}</span>}{" "}
      <span class="truncate" dir="auto">
        {said}
      </span>
    </span>
  );
}

function previewWords(words: ConsoleWords): PreviewWords {
  return { ...words.preview, image: imageWords(words), notice: (code) => noticeBrief(sharedWords(), code) };
}

function imageWords(words: ConsoleWords): (count: number) => string {
  return (count) => (count > 1 ? words.preview.images(count) : words.preview.image);
}

function draftText(draft: DraftLine, words: ConsoleWords): string {
  const pictures = draft.images > 0 ? imageWords(words)(draft.images) : "";
  return [draft.text, pictures].filter((bit) => bit !== "").join(" ");
}
