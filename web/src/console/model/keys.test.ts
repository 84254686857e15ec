import { describe, expect, test } from "vitest";
import {
  consoleCommand,
  type EditorAction,
  editorAction,
  entersList,
  type KeyPress,
  listMove,
  moved,
} from "./keys.ts";

function press(key: string, held: Partial<KeyPress> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isComposing: false, ...held };
}

describe("Enter in the editor", () => {
  type Wanted = EditorAction | undefined;
  const cases: [string, KeyPress, Wanted, Wanted, Wanted][] = [
    ["plain", press("Enter"), "send", "newline", "newline"],
    ["with Shift", press("Enter", { shiftKey: true }), "newline", "newline", "newline"],
    ["with Ctrl", press("Enter", { ctrlKey: true }), "send-next", "send", "send-next"],
    ["with Cmd", press("Enter", { metaKey: true }), "send-next", "send", "send-next"],
    [
      "with Ctrl and Shift",
      press("Enter", { ctrlKey: true, shiftKey: true }),
      "send-next",
      "send-next",
      "send-next",
    ],
    ["choosing a Chinese word", press("Enter", { isComposing: true }), undefined, undefined, undefined],
    ["choosing a Chinese word in Safari", press("Enter", { keyCode: 229 }), undefined, undefined, undefined],
    ["another key", press("a"), undefined, undefined, undefined],
  ];
  for (const [what, key, onEnter, onCtrlEnter, onTouch] of cases) {
    test(what, () => {
      expect(editorAction(key, "enter", false)).toBe(onEnter);
      expect(editorAction(key, "ctrl-enter", false)).toBe(onCtrlEnter);
      expect(editorAction(key, "ctrl-enter", true)).toBe(onCtrlEnter);
      expect(editorAction(key, "enter", true)).toBe(onTouch);
    });
  }
});

describe("keys of the console", () => {
  const cases: [string, KeyPress, boolean, string | undefined][] = [
    ["Ctrl+K searches", press("k", { ctrlKey: true }), false, "search"],
    ["Cmd+K searches while writing", press("k", { metaKey: true }), true, "search"],
    ["k alone is a letter", press("k"), true, undefined],
    ["Alt+Down is the next conversation", press("ArrowDown", { altKey: true }), true, "next"],
    ["Alt+Up is the previous one", press("ArrowUp", { altKey: true }), true, "previous"],
    [
      "Alt+Shift+Down is the next unread",
      press("ArrowDown", { altKey: true, shiftKey: true }),
      true,
      "next-unread",
    ],
    ["Alt+I toggles the context", press("i", { altKey: true }), true, "toggle-context"],
    ["? helps", press("?", { shiftKey: true }), false, "help"],
    ["? is a letter while writing", press("?", { shiftKey: true }), true, undefined],
    ["Esc goes back", press("Escape"), true, "back"],
    ["Esc of an input method stays there", press("Escape", { isComposing: true }), true, undefined],
    ["AltGr is for typing", press("i", { altKey: true, ctrlKey: true }), true, undefined],
  ];
  for (const [what, key, writing, want] of cases) {
    test(what, () => expect(consoleCommand(key, writing)).toBe(want));
  }
});

describe("keys of the list", () => {
  test("arrows, j and k move, Enter opens, the rest is left alone", () => {
    expect(
      ["ArrowUp", "k", "ArrowDown", "j", "Home", "End", "Enter", "x"].map((key) => listMove(press(key))),
    ).toEqual(["up", "up", "down", "down", "first", "last", "open", undefined]);
    expect(listMove(press("k", { ctrlKey: true }))).toBeUndefined();
  });

  test("from nowhere, the keys that move lead into the list, and no others", () => {
    const keys = ["ArrowUp", "k", "ArrowDown", "j", "Home", "Enter", " ", "x"];
    expect(keys.filter((key) => entersList(press(key)))).toEqual(["ArrowUp", "k", "ArrowDown", "j"]);
    expect(entersList(press("ArrowDown", { shiftKey: true }))).toBe(false);
    expect(entersList(press("ArrowDown", { altKey: true }))).toBe(false);
    expect(entersList(press("j", { isComposing: true }))).toBe(false);
  });

  test("a move stops at the ends", () => {
    expect(moved("up", 0, 5)).toBe(0);
    expect(moved("down", 4, 5)).toBe(4);
    expect(moved("last", 0, 5)).toBe(4);
  });
});
