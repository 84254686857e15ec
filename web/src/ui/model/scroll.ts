/** The rules of scrolling a thread, free of the DOM. */

/** Nearer to the bottom than this, in pixels, the list follows what arrives. */
export const stickWithin = 130;

/** As many entries are drawn at once, at most; the rest waits above or below. */
export const windowMax = 300;
const step = 60;

export type Measure = { top: number; height: number; content: number };

export function distanceToBottom(m: Measure): number {
  return Math.max(0, m.content - m.height - m.top);
}

export function sticks(m: Measure): boolean {
  return distanceToBottom(m) <= stickWithin;
}

/** Which entries are drawn: `size` of them, up to the one with key `end`, or to the newest. */
export type Window = { size: number; end: string | undefined };

type Keyed = { readonly key: string };

/** The bounds of the window in a list, [from, to). A window whose end has gone follows the newest. */
export function bounds(window: Window, list: readonly Keyed[]): { from: number; to: number } {
  const at = window.end === undefined ? -1 : list.findLastIndex((e) => e.key === window.end);
  const to = at < 0 ? list.length : at + 1;
  return { from: Math.max(0, to - window.size), to };
}

/** The window one step further up; the same when everything known above is drawn. */
export function older(window: Window, list: readonly Keyed[]): Window {
  const { from, to } = bounds(window, list);
  if (from === 0) return window;
  const size = window.size + step;
  if (size <= windowMax) return { ...window, size };
  return { size: windowMax, end: list[Math.max(1, to - step) - 1]?.key };
}

/** The window one step further down; the same when the newest is drawn. */
export function newer(window: Window, list: readonly Keyed[]): Window {
  const { to } = bounds(window, list);
  if (to >= list.length) return window.end === undefined ? window : { ...window, end: undefined };
  const next = to + step;
  const size = Math.min(windowMax, window.size + step); // what is in sight stays drawn
  return { size, end: next >= list.length ? undefined : list[next - 1]?.key };
}

/** The window with its end where it is: what is added below stays below it. */
export function pinned(window: Window, list: readonly Keyed[]): Window {
  const { to } = bounds(window, list);
  return { ...window, end: list[to - 1]?.key };
}

/** How large a window must be to show an entry near the end, with some room above it. */
export function sizeToShow(index: number, length: number): number {
  return index < 0 ? step : Math.min(windowMax, Math.max(step, length - index + 20));
}
