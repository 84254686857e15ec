import { useEffect, useRef, useState } from "preact/hooks";
import type { Thread } from "../../client/api.ts";
import type { Conversation } from "../../protocol/body.ts";
import { Avatar } from "../../ui/avatar.tsx";
import { hasBrand } from "../../ui/brand.ts";
import { BrandMark } from "../../ui/brand-mark.tsx";
import { ConnectionBar } from "../../ui/connection-bar.tsx";
import { holdsFiles } from "../../ui/dropped-files.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { Icon } from "../../ui/icon.tsx";
import { MenuButton, type MenuItem } from "../../ui/menu.tsx";
import { CONTEXT_ID } from "../context/context-pane.tsx";
import { buyerName, type Desk, isBlocked, useDesk } from "../desk.ts";
import { Editor, useWriting } from "../editor/editor.tsx";
import type { Writing } from "../editor/writing.ts";
import { usePresence } from "../hooks.ts";
import { consoleWords } from "../i18n/words.ts";
import { flagItems, unmark } from "../list/flags.ts";
import { focusSearch } from "../list/list-header.tsx";
import { AlsoHere } from "./also-here.tsx";
import { BlockDialog, ReportDialog, setBlocked } from "./dialogs.tsx";
import { Messages } from "./messages.tsx";

/** The open conversation, or a word on how to open one. */
export function ThreadPane() {
  const desk = useDesk();
  const id = desk.open.value;
  const words = consoleWords();
  const listed = desk.client.inbox.rows.value.length > 0;
  return (
    <section
      id="pane-thread"
      class="c-thread"
      aria-label={words.thread.pane}
      inert={id !== undefined && desk.arrangement.value === "stack" && desk.overlay.value}
    >
      <ConnectionBar state={desk.client.connection.value} onRetry={() => desk.client.wake()} />
      {id === undefined ? (
        <EmptyState
          icon={<Icon name="chat" />}
          title={words.thread.noneTitle}
          body={listed && matchMedia("(pointer: fine)").matches ? words.thread.noneBody : undefined}
        >
          {hasBrand() ? <BrandMark /> : undefined}
        </EmptyState>
      ) : (
        <OpenThread id={id} />
      )}
    </section>
  );
}

function OpenThread({ id }: { id: string }) {
  const { client } = useDesk();
  const thread = client.thread(id);
  const conversation = thread.conversation.value ?? client.inbox.rows.value.find((row) => row.id === id);
  const name = buyerName(conversation);
  const writing = useWriting();
  const drop = useFileDrop(writing);
  useUnmark(conversation);
  useLeaveExcerpt(thread);
  return (
    <div class="c-thread-body" {...drop.handlers}>
      <Header id={id} conversation={conversation} thread={thread} name={name} />
      <Messages key={id} conversation={id} thread={thread} name={name} />
      {isBlocked(conversation) ? (
        <BlockedBanner conversation={conversation} thread={thread} name={name} />
      ) : (
        <Editor conversation={id} thread={thread} name={name} writing={writing} />
      )}
      {drop.over && (
        <div class="c-drop" aria-hidden="true">
          <Icon name="image" />
          {consoleWords().editor.drop}
        </div>
      )}
    </div>
  );
}

type PartProps = { conversation: Conversation | undefined; thread: Thread; name: string };

function Header({ id, conversation, thread, name }: PartProps & { id: string }) {
  const desk = useDesk();
  const words = consoleWords().thread;
  const contextShown =
    desk.arrangement.value === "beside" ? desk.prefs.prefs.value.contextOpen : desk.overlay.value;
  return (
    <header class="c-thread-header">
      <button
        class="icon-button c-back"
        type="button"
        aria-label={words.back}
        onClick={() => desk.leaveThread()}
      >
        <Icon name="back" />
      </button>
      <Avatar of={conversation?.buyer} size="m" />
      <div class="c-thread-names">
        {/* Who it is may still be on its way: a heading that says nothing is none. */}
        {name !== "" && (
          <h2 class="truncate">
            <bdi>{name}</bdi>
          </h2>
        )}
        <p class="c-statuses">
          <Status uid={conversation?.buyer.uid} typing={thread.peerTyping.value !== undefined} />
          <AlsoHere conversation={conversation?.id} last={thread.entries.value.at(-1)?.key} />
        </p>
      </div>
      <ThreadMenu key={id} conversation={conversation} thread={thread} name={name} />
      <button
        class="icon-button"
        type="button"
        aria-label={contextShown ? words.contextHide : words.contextShow}
        title={contextShown ? words.contextHide : words.contextShow}
        aria-expanded={contextShown}
        aria-controls={CONTEXT_ID}
        onClick={() => desk.toggleContext()}
      >
        <Icon name="panel" />
      </button>
    </header>
  );
}

/** Whether the buyer is there, or writing. What is not known is not claimed. */
function Status({ uid, typing }: { uid: string | undefined; typing: boolean }) {
  const words = consoleWords();
  const presence = usePresence(uid);
  if (typing) return <span class="c-status c-status-typing">{words.list.typing}</span>;
  return (
    <span class="c-status" data-presence={presence}>
      {words.presence[presence]}
    </span>
  );
}

function ThreadMenu({ conversation, thread, name }: PartProps) {
  const words = consoleWords().thread;
  const [asked, setAsked] = useState<"block" | "report">();
  const blocked = conversation?.merchant_at.blocked === true;
  const desk = useDesk();
  const items = (): readonly MenuItem[] => [
    ...(conversation === undefined ? [] : ownItems(desk, conversation)),
    { label: words.report, icon: "flag", separated: true, run: () => setAsked("report") },
    blocked
      ? { label: words.unblock, icon: "check", run: () => void setBlocked(thread, name, false) }
      : { label: words.block, icon: "block", danger: true, run: () => setAsked("block") },
  ];
  const close = () => setAsked(undefined);
  return (
    <>
      <MenuButton label={words.menu} items={items} />
      {asked === "block" && <BlockDialog thread={thread} name={name} onClose={close} />}
      {asked === "report" && <ReportDialog thread={thread} name={name} onClose={close} />}
    </>
  );
}

/** What a seller does with the conversation for itself. */
function ownItems(desk: Desk, conversation: Conversation): readonly MenuItem[] {
  const searchHere = () => {
    desk.search.within.value = conversation;
    focusSearch(desk);
  };
  return [
    { label: consoleWords().search.here, icon: "search", run: searchHere },
    ...flagItems(desk, conversation),
  ];
}

/** What was marked to come back to is come back to when it is opened, not when it is marked meanwhile. */
function useUnmark(conversation: Conversation | undefined): void {
  const desk = useDesk();
  const id = conversation?.id;
  const marked = useRef(false);
  marked.current = conversation?.marked === true;
  useEffect(() => {
    if (id !== undefined && marked.current) unmark(desk, id);
  }, [desk, id]);
}

/** Who leaves a message far back comes back to the newest. */
function useLeaveExcerpt(thread: Thread): void {
  useEffect(() => () => void thread.showNewest(), [thread]);
}

/** Stands where the editor was: nothing written now would arrive. The draft is kept. */
function BlockedBanner({ conversation, thread, name }: PartProps) {
  const words = consoleWords().thread;
  const byMe = conversation?.merchant_at.blocked === true;
  return (
    <div class="c-blocked" role="status">
      <Icon name="block" />
      <span class="c-blocked-text">{byMe ? words.blockedByYou : words.blockedByBuyer}</span>
      {byMe && (
        <button class="button" type="button" onClick={() => void setBlocked(thread, name, false)}>
          {words.unblock}
        </button>
      )}
    </div>
  );
}

/** Pictures may be dropped anywhere on the thread; they go where the caret is. */
function useFileDrop(writing: Writing) {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const enter = (by: number) => {
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  return {
    over,
    handlers: {
      onDragEnter: (event: DragEvent) => holdsFiles(event) && enter(1),
      onDragLeave: (event: DragEvent) => holdsFiles(event) && enter(-1),
      onDragOver: (event: DragEvent) => {
        if (holdsFiles(event)) event.preventDefault();
      },
      // Also when the field itself takes the drop: only the overlay is this one's business then.
      onDropCapture: () => {
        depth.current = 0;
        setOver(false);
      },
      onDrop: (event: DragEvent) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        writing.addFiles([...(event.dataTransfer?.files ?? [])]);
      },
    },
  };
}
