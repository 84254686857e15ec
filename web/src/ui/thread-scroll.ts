import { useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Entry, Thread } from "../client/api.ts";
import {
  bounds,
  distanceToBottom,
  type Measure,
  newer,
  older,
  pinned,
  sizeToShow,
  sticks,
  type Window,
} from "./model/scroll.ts";

/** Nearer to an end than this, in pixels, more is drawn or loaded there. */
const nearEnd = 600;

export type Scroller = {
  ref: RefObject<HTMLElement>;
  contentRef: RefObject<HTMLDivElement>;
  /** The entries to draw: a window of them. */
  drawn: readonly Entry[];
  atOldest: boolean;
  atNewest: boolean;
  /** True while pages of history arrive, which nobody should be read aloud. */
  busy: boolean;
  /** True when the newest message is out of sight. */
  away: boolean;
  onScroll(): void;
  toNewest(): void;
};

type Anchor = { key: string; top: number };

type Place = {
  /** The end is so near that what arrives there is followed. */
  stuck: boolean;
  /** So many pixels below what is in sight, while stuck: of a finger that has begun to scroll. */
  below: number;
  /** Where it was scrolled to the end by itself: while it stands there, nobody has scrolled. */
  top: number | undefined;
  /** Key of the last entry. */
  end: string | undefined;
  /** While not stuck. */
  anchor: Anchor | undefined;
  opened: boolean;
};

/** Only what comes at the end leads there: a tick or a page of history leaves things where they stand. */
function note(place: Place, box: HTMLElement, entries: readonly Entry[]): void {
  const end = entries.at(-1)?.key;
  if (!place.stuck) place.anchor = anchorOf(box);
  else if (end !== place.end) place.below = 0;
  place.end = end;
}

function stick(place: Place): void {
  place.stuck = true;
  place.below = 0;
}

/**
 * Goes to the end, but not past what is unread: then it stops there, and says so, as it does where text is being
 * marked, which would be lost under the pointer.
 */
function follow(box: HTMLElement, place: Place, unread: string | undefined): boolean {
  place.top = undefined;
  if (selecting(box)) return false;
  const end = box.scrollHeight - box.clientHeight - place.below;
  const first = unread === undefined ? null : messageIn(box, unread);
  const stop = first === null ? end : box.scrollTop + topIn(box, first) - box.clientHeight / 4;
  box.scrollTop = Math.min(end, stop);
  if (stop < end) return false;
  place.top = box.scrollTop;
  return true;
}

/** The first message nobody has read yet. Who has just written is at the end, whatever is there. */
function firstNew(thread: Thread, drawn: readonly Entry[]): string | undefined {
  const { readUpTo } = thread;
  if (drawn.at(-1)?.kind === "outgoing") return undefined;
  return drawn.find((e) => e.kind === "message" && !e.mine && e.message.seq > readUpTo)?.key;
}

function messageIn(box: HTMLElement, key: string): HTMLElement | null {
  return box.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
}

function topIn(box: HTMLElement, element: HTMLElement): number {
  return element.getBoundingClientRect().top - box.getBoundingClientRect().top;
}

/**
 * Scrolling of a thread: follows what arrives while the bottom is near, keeps the place of what is read
 * otherwise, draws a window of the entries and reports what has been read.
 */
export function useThreadScroll(thread: Thread, entries: readonly Entry[]): Scroller {
  const ref = useRef<HTMLElement>(null);
  const contentRef = useRef<HTMLDivElement>(null);
  const [window, setWindow] = useState<Window>(() => firstWindow(thread, entries));
  const place = useRef<Place>({
    stuck: true,
    below: 0,
    top: undefined,
    end: entries.at(-1)?.key,
    anchor: undefined,
    opened: false,
  });
  const [away, setAway] = useState(false);
  const { from, to } = bounds(window, entries);
  const drawn = useMemo(() => entries.slice(from, to), [entries, from, to]);
  const atNewest = to === entries.length;

  // Where things stand before the DOM changes: taken while rendering, restored after.
  if (ref.current !== null) note(place.current, ref.current, entries);
  useFollowOwn(entries, place, setWindow);
  useLayoutEffect(() => {
    const box = ref.current;
    if (box === null) return;
    if (!place.current.opened) open(box, place.current);
    else if (!place.current.stuck || !atNewest) restore(box, place.current.anchor);
    else if (!follow(box, place.current, firstNew(thread, drawn))) onScroll();
  }, [drawn, atNewest]);
  useKeepBottom(ref, contentRef, place, () => firstNew(thread, drawn));

  const busy = useBusy(thread.loadingOlder.value, drawn, atNewest && !thread.hasNewer.value);
  const onScroll = useCallback(() => {
    const box = ref.current;
    if (box === null) return;
    const measure = measureOf(box);
    // What has grown since it was scrolled by itself is followed in a moment: it is not the user's doing.
    const at = place.current;
    const below = distanceToBottom(measure);
    if (!at.stuck || box.scrollTop !== at.top) {
      at.stuck = atNewest && !thread.hasNewer.peek() && sticks(measure);
      at.below = below;
    }
    setAway(!at.stuck);
    if (below < nearEnd) setWindow(onwards(thread, entries, atNewest));
    if (box.scrollTop >= nearEnd) return;
    if (from > 0) setWindow((w) => older(w, entries));
    else if (thread.hasOlder.peek() && !thread.loadingOlder.peek() && !thread.failure.peek())
      void thread.loadOlder();
  }, [entries, from, atNewest, thread]);
  // Who is at the end of what is loaded cannot scroll on: what has come below is drawn by itself.
  useEffect(() => {
    if (!atNewest || thread.hasNewer.peek()) onScroll();
  }, [atNewest, thread, onScroll]);
  const toNewest = useCallback(() => {
    void thread.showNewest();
    stick(place.current);
    setAway(false);
    setWindow({ size: sizeToShow(-1, 0), end: undefined });
    ref.current?.scrollTo({ top: ref.current.scrollHeight });
  }, [thread]);
  useReading(ref, thread, drawn);
  useFillScreen(ref, thread, drawn);
  return { ref, contentRef, drawn, atOldest: from === 0, atNewest, busy, away, onScroll, toNewest };
}

function firstWindow(thread: Thread, entries: readonly Entry[]): Window {
  const unread = thread.firstUnread.peek();
  const index = entries.findIndex((e) => e.kind === "message" && e.message.seq === unread);
  return { size: sizeToShow(index, entries.length), end: undefined };
}

/** How the window goes a step further down. At the end of what is loaded, more is asked for. */
function onwards(thread: Thread, entries: readonly Entry[], atNewest: boolean): (window: Window) => Window {
  if (!atNewest || !thread.hasNewer.peek()) return (window) => newer(window, entries);
  void thread.loadNewer();
  return (window) => pinned(window, entries);
}

function selecting(box: HTMLElement): boolean {
  const selection = getSelection();
  return selection?.isCollapsed === false && box.contains(selection.anchorNode);
}

function measureOf(box: HTMLElement): Measure {
  return { top: box.scrollTop, height: box.clientHeight, content: box.scrollHeight };
}

/** A thread opens at its first unread message, else at its end. */
function open(box: HTMLElement, place: Place): void {
  if (box.clientHeight === 0) return; // in a frame that is not shown
  place.opened = true;
  box.scrollTop = box.scrollHeight;
  place.top = box.scrollTop;
  const divider = box.querySelector<HTMLElement>("[data-unread]");
  if (divider === null) return;
  const above = topIn(box, divider);
  if (above < 0) box.scrollTop += above - box.clientHeight / 4;
  const measure = measureOf(box);
  place.stuck = sticks(measure);
  place.below = distanceToBottom(measure);
}

/** The first message in sight and how far it is from the top. */
function anchorOf(box: HTMLElement): Anchor | undefined {
  const top = box.getBoundingClientRect().top;
  for (const message of box.querySelectorAll<HTMLElement>("[data-key]")) {
    const rect = message.getBoundingClientRect();
    if (rect.bottom > top) return { key: message.dataset["key"] ?? "", top: rect.top - top };
  }
  return undefined;
}

function restore(box: HTMLElement, anchor: Anchor | undefined): void {
  if (anchor === undefined) return;
  const message = messageIn(box, anchor.key);
  if (message === null) return;
  const now = topIn(box, message);
  if (Math.abs(now - anchor.top) >= 1) box.scrollTop += now - anchor.top;
}

/** Sending always leads to the end, wherever one was reading. */
function useFollowOwn(
  entries: readonly Entry[],
  place: { current: Place },
  setWindow: (w: Window) => void,
): void {
  const last = entries.at(-1);
  const before = useRef(last?.key);
  const sent = last !== undefined && last.kind === "outgoing" && last.key !== before.current;
  if (sent) stick(place.current);
  useLayoutEffect(() => {
    before.current = last?.key;
    if (sent) setWindow({ size: sizeToShow(-1, 0), end: undefined });
  }, [last?.key, sent, setWindow]);
}

/** Keeps the end in sight when the keyboard, a picture or a longer text changes the heights. */
function useKeepBottom(
  ref: RefObject<HTMLElement>,
  contentRef: RefObject<HTMLElement>,
  place: { current: Place },
  unread: () => string | undefined,
): void {
  const latest = useRef(unread);
  latest.current = unread;
  useEffect(() => {
    const [box, content] = [ref.current, contentRef.current];
    if (box === null || content === null) return;
    const observer = new ResizeObserver(() => {
      if (!place.current.opened) open(box, place.current);
      else if (place.current.stuck) follow(box, place.current, latest.current());
    });
    observer.observe(box);
    observer.observe(content);
    return () => observer.disconnect();
  }, [ref, contentRef, place]);
}

/** History is read aloud to nobody: its coming ends only once it has been drawn, not with it. */
function useBusy(loading: boolean, drawn: readonly Entry[], live: boolean): boolean {
  const [top, setTop] = useState(drawn[0]?.key);
  const [end, setEnd] = useState<string>(); // what is drawn last, where more of the history is below it
  useEffect(() => {
    setTop(drawn[0]?.key);
    setEnd(live ? undefined : drawn.at(-1)?.key);
  }, [drawn, live]);
  const below = end !== undefined && end !== drawn.at(-1)?.key;
  return loading || below || drawn.findIndex((entry) => entry.key === top) > 0;
}

/** Tells the thread up to where its user has read: what is in sight of a visible page with the focus. */
function useReading(ref: RefObject<HTMLElement>, thread: Thread, drawn: readonly Entry[]): void {
  const report = useCallback(() => {
    const box = ref.current;
    const attended = document.visibilityState === "visible" && document.hasFocus();
    thread.attend(attended);
    const seq = box !== null && attended ? lastInSight(box, drawn) : undefined;
    if (seq !== undefined) thread.markRead(seq);
  }, [ref, thread, drawn]);
  // Before anything is painted: a count that goes up must not flash where the message is in sight.
  useLayoutEffect(() => {
    report();
    const box = ref.current;
    box?.addEventListener("scroll", report, { passive: true });
    addEventListener("focus", report);
    addEventListener("blur", report);
    document.addEventListener("visibilitychange", report);
    return () => {
      box?.removeEventListener("scroll", report);
      removeEventListener("focus", report);
      removeEventListener("blur", report);
      document.removeEventListener("visibilitychange", report);
    };
  }, [ref, report]);
}

/** Seq of the last stored message whose top is in sight. What is in the DOM may be ahead of what is `drawn`. */
function lastInSight(box: HTMLElement, drawn: readonly Entry[]): number | undefined {
  const stored = new Map(drawn.flatMap((e) => (e.kind === "message" ? [[e.key, e.message.seq]] : [])));
  for (const element of [...box.querySelectorAll<HTMLElement>("[data-key]")].reverse()) {
    const seq = stored.get(element.dataset["key"] ?? "");
    if (seq !== undefined && topIn(box, element) < box.clientHeight - 8) return seq;
  }
  return undefined;
}

/** A page of short messages may not fill the screen, and what cannot scroll would never load more. */
function useFillScreen(ref: RefObject<HTMLElement>, thread: Thread, drawn: readonly Entry[]): void {
  useSignalEffect(() => {
    const idle = thread.hasOlder.value && !thread.loadingOlder.value && !thread.failure.value;
    const { value: newer } = thread.hasNewer;
    const box = ref.current;
    if (box === null || drawn.length === 0 || box.scrollHeight > box.clientHeight) return;
    if (idle) void thread.loadOlder();
    if (newer) void thread.loadNewer();
  });
}
