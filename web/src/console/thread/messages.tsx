import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Thread } from "../../client/api.ts";
import { Icon } from "../../ui/icon.tsx";
import { MessageList } from "../../ui/message-list.tsx";
import { type Place, type Target, useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { ReportDialog } from "./dialogs.tsx";

type MessagesProps = { conversation: string; thread: Thread; name: string };

/** The messages of the open conversation, at the place where they were left. */
export function Messages({ conversation, thread, name }: MessagesProps) {
  const desk = useDesk();
  const { client, me, target } = desk;
  const visit = target.value?.conversation === conversation ? target.value : undefined;
  const box = useRef<HTMLDivElement>(null);
  useMemo(() => thread.visit(), [thread]);
  const [reported, setReported] = useState<number>();
  useRememberedPlace(box, conversation, thread);
  useTarget(box, visit, thread);

  const unreadAbove = useUnreadAbove(box, thread);
  const toUnread = () => {
    const { readAtOpening } = thread;
    if (readAtOpening !== undefined && unreadBefore(thread)) desk.goTo(conversation, readAtOpening + 1);
    else scrollToUnread(scrollerOf(box.current));
    setUnreadSeen(thread);
    scrollerOf(box.current)?.focus({ preventScroll: true }); // the button is gone
  };
  return (
    <div ref={box} class="c-messages">
      <MessageList
        // Each visit draws the list anew: nothing of where it stood before carries over.
        key={visit}
        thread={thread}
        client={client}
        recallMs={me.limits.recall_ms}
        showWriter
        onReport={(seq) => setReported(seq)}
      />
      {unreadAbove && (
        <button class="c-jump" type="button" onClick={toUnread}>
          <Icon name="up" /> {consoleWords().thread.jumpUnread}
        </button>
      )}
      {reported !== undefined && (
        <ReportDialog thread={thread} name={name} seq={reported} onClose={() => setReported(undefined)} />
      )}
    </div>
  );
}

type Box = { readonly current: HTMLElement | null };

/** Comes back to the message that was in sight; a thread left at its end opens there, with what came since below. */
function useRememberedPlace(box: Box, conversation: string, thread: Thread): void {
  const { places } = useDesk();
  const drawn = thread.entries.value.length > 0;
  useLayoutEffect(() => {
    const place = places.get(conversation);
    const scroller = scrollerOf(box.current);
    if (!drawn || place === undefined || scroller === null) return;
    const message = scroller.querySelector<HTMLElement>(`[data-key="${CSS.escape(place.key)}"]`);
    if (message !== null) scroller.scrollTop += topIn(scroller, message) - place.top;
  }, [box, conversation, drawn, places]);

  useScrolling(box, () => {
    const scroller = scrollerOf(box.current);
    if (scroller === null) return;
    const place = placeOf(scroller);
    if (place !== undefined) places.set(conversation, place);
  });
}

/** Leads to the message that was gone to, once it is drawn, and shows which it is. */
function useTarget(box: Box, visit: Target | undefined, thread: Thread): void {
  const reached = useRef<Target>();
  const entry = thread.entries.value.find((one) => one.kind === "message" && one.message.seq === visit?.seq);
  const key = entry?.key;
  useLayoutEffect(() => {
    const scroller = scrollerOf(box.current);
    if (visit === undefined || key === undefined || scroller === null || reached.current === visit) return;
    const message = scroller.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
    if (message === null) return;
    reached.current = visit;
    scroller.scrollTop += topIn(scroller, message) - scroller.clientHeight / 3;
    message.focus({ preventScroll: true });
    message.classList.add("gone-to");
  });
}

/** So near to the end is the end. */
const END = 120;

/** The first message in sight, or at the end of the thread the last one, so high that it leaves room below. */
function placeOf(scroller: HTMLElement): Place | undefined {
  const messages = [...scroller.querySelectorAll<HTMLElement>("[data-key]")];
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < END;
  const found = atEnd
    ? messages.at(-1)
    : messages.find((message) => topIn(scroller, message) + message.offsetHeight > 0);
  if (found === undefined) return undefined;
  return { key: found.dataset["key"] ?? "", top: atEnd ? scroller.clientHeight / 4 : topIn(scroller, found) };
}

/** Up to where threads were read when their first unread message was in sight: nobody needs to jump there again. */
const unreadSeen = new WeakMap<Thread, number | undefined>();

function setUnreadSeen(thread: Thread): void {
  unreadSeen.set(thread, thread.readAtOpening);
}

function isUnreadSeen(thread: Thread): boolean {
  return unreadSeen.has(thread) && unreadSeen.get(thread) === thread.readAtOpening;
}

/** Whether messages before those that are loaded were unread too. */
function unreadBefore(thread: Thread): boolean {
  const oldest = thread.entries.value[0];
  return (
    thread.readAtOpening !== undefined &&
    oldest?.kind === "message" &&
    oldest.message.seq > thread.readAtOpening + 1
  );
}

/** Whether the first unread message is out of sight above, and has been all the time. */
function useUnreadAbove(box: Box, thread: Thread): boolean {
  const [above, setAbove] = useState(false);
  const firstUnread = thread.firstUnread.value;
  const more = unreadBefore(thread);
  const look = () => {
    const scroller = scrollerOf(box.current);
    const divider = dividerIn(scroller);
    if (more) return setAbove(!isUnreadSeen(thread));
    if (scroller === null || divider === null) return;
    const top = topIn(scroller, divider);
    if (top >= 0 && top < scroller.clientHeight) setUnreadSeen(thread);
    setAbove(top < 0 && !isUnreadSeen(thread));
  };
  useScrolling(box, look);
  useEffect(look, [firstUnread, more, thread]);
  return above && firstUnread !== undefined;
}

function scrollToUnread(scroller: HTMLElement | null): void {
  const divider = dividerIn(scroller);
  if (scroller === null || divider === null) return;
  scroller.scrollTo({ top: scroller.scrollTop + topIn(scroller, divider) - scroller.clientHeight / 4 });
}

/** Calls once per frame while something in the box scrolls. */
function useScrolling(box: Box, listener: () => void): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    let frame = 0;
    const scrolled = () => {
      if (frame !== 0) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        latest.current();
      });
    };
    const within = box.current;
    // Scrolling does not bubble, but it can be caught on its way down.
    const options = { capture: true, passive: true };
    within?.addEventListener("scroll", scrolled, options);
    return () => {
      cancelAnimationFrame(frame);
      within?.removeEventListener("scroll", scrolled, options);
    };
  }, [box]);
}

function scrollerOf(box: HTMLElement | null): HTMLElement | null {
  return box?.querySelector<HTMLElement>(".thread-scroll") ?? null;
}

function dividerIn(scroller: HTMLElement | null): HTMLElement | null {
  return scroller?.querySelector<HTMLElement>("[data-unread]") ?? null;
}

function topIn(scroller: HTMLElement, element: HTMLElement): number {
  return element.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
}
