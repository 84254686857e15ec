import { expect, test } from "vitest";
import { openPrefs, parsePrefs } from "./prefs.ts";
import type { Shelf } from "./shelf.ts";

test("settings outlive the page", () => {
  let stored: string | undefined;
  const from: Shelf = {
    get: () => stored,
    set: (_, value) => {
      stored = value;
    },
  };
  openPrefs(from).change({ sendKey: "ctrl-enter", listWidth: 400 });
  expect(openPrefs(from).prefs.value).toMatchObject({ sendKey: "ctrl-enter", listWidth: 400, sound: true });
});

test("nonsense of an older or newer version does not break the console", () => {
  expect(
    parsePrefs({ sendKey: "space", sound: "no", listWidth: -5, contextWidth: "wide", extra: 1 }),
  ).toEqual(parsePrefs({}));
});
