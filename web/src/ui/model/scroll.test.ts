import { expect, test } from "vitest";
import {
  bounds,
  distanceToBottom,
  newer,
  older,
  pinned,
  sizeToShow,
  sticks,
  type Window,
  windowMax,
} from "./scroll.ts";

const list = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `k${i}` }));

test.each([
  { name: "at the bottom", top: 400, want: true },
  { name: "a little above", top: 280, want: true },
  { name: "reading history", top: 269, want: false },
  { name: "pulled beyond the end", top: 430, want: true },
])("follows what arrives: $name", ({ top, want }) => {
  expect(sticks({ top, height: 600, content: 1000 })).toBe(want);
});

test("a list that fits is at its bottom", () => {
  expect(distanceToBottom({ top: 0, height: 600, content: 300 })).toBe(0);
});

test("older pages that arrive above move nothing below", () => {
  const window: Window = { size: 60, end: "k9" };
  const before = list(10);
  const after = [...list(50).map((e) => ({ key: `old-${e.key}` })), ...before];
  expect(after[bounds(window, after).to - 1]).toEqual(before[bounds(window, before).to - 1]);
});

test("going up and down again draws every entry once and never too many", () => {
  const all = list(1000);
  let window: Window = { size: 60, end: undefined };
  const seen = new Set<number>();
  for (let i = 0; i < 50; i++) {
    const { from, to } = bounds(window, all);
    for (let j = from; j < to; j++) seen.add(j);
    expect(to - from).toBeLessThanOrEqual(windowMax);
    window = older(window, all);
  }
  expect(bounds(window, all).from).toBe(0);
  expect(seen.size).toBe(1000);
  for (let i = 0; i < 50; i++) window = newer(window, all);
  expect(window.end).toBeUndefined();
  expect(bounds(window, all).to).toBe(1000);
});

test("each step overlaps the one before, so that a place to keep remains", () => {
  const all = list(1000);
  let window: Window = { size: 60, end: undefined };
  for (let i = 0; i < 20; i++) {
    const a = bounds(window, all);
    window = older(window, all);
    const b = bounds(window, all);
    expect(b.to).toBeGreaterThan(a.from);
  }
});

test("a message that was drawn last and is then deleted lets the window follow the newest", () => {
  expect(bounds({ size: 60, end: "gone" }, list(5))).toEqual({ from: 0, to: 5 });
});

test("what is loaded below a window stays below it, and a step down draws it with what was in sight", () => {
  const before = list(60);
  const window = pinned({ size: 60, end: undefined }, before);
  const after = list(110);
  expect(bounds(window, after)).toEqual({ from: 0, to: 60 });
  const next = bounds(newer(window, after), after);
  expect(next).toEqual({ from: 0, to: 110 });
});

test("the first unread is drawn when the thread opens", () => {
  const n = 200;
  const { from } = bounds({ size: sizeToShow(80, n), end: undefined }, list(n));
  expect(from).toBeLessThanOrEqual(80);
});
