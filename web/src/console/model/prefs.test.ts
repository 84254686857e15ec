import { expect, test } from "vitest";
import { openPrefs, parsePrefs } from "./prefs.ts";
import type { Shelf } from "./shelf.ts";

function memory(): Shelf {
  let stored: string | undefined;
  return {
    get: () => stored,
    set: (_, value) => {
      stored = value;
    },
  };
}

test("settings outlive the page", () => {
  const from = memory();
  openPrefs(from).change({ sendKey: "ctrl-enter", listWidth: 400 });
  expect(openPrefs(from).prefs.value).toMatchObject({ sendKey: "ctrl-enter", listWidth: 400, sound: true });
});

test("nonsense of an older or newer version does not break the console", () => {
  expect(
    parsePrefs({ sendKey: "space", sound: "no", listWidth: -5, contextWidth: "wide", extra: 1 }),
  ).toEqual(parsePrefs({}));
});

test("what another window has switched off is off in this one, which keeps its own widths", () => {
  const shelf = memory();
  const [one, other] = [openPrefs(shelf), openPrefs(shelf)];
  one.change({ sound: false, listWidth: 333 });
  other.reread();
  expect(other.prefs.value.sound).toBe(false);
  other.change({ badge: false });
  expect(other.prefs.value.listWidth).not.toBe(333);
  const before = other.prefs.value;
  other.reread();
  expect(other.prefs.value).toBe(before);
});
