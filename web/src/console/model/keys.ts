/** The console's keyboard: which keys ask for what. Pure, so that every rule has a case in the tests. */

export type KeyPress = {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  isComposing: boolean;
  /** 229 while an input method works: Safari ends the composition before the key event. */
  keyCode?: number;
};

/** What Enter does in the editor: `enter` sends with Enter, `ctrl-enter` only with Ctrl or Cmd held. */
export type SendKey = "enter" | "ctrl-enter";

/** Whether a press belongs to an input method that is choosing characters. */
export function composing(press: KeyPress): boolean {
  return press.isComposing || press.keyCode === 229;
}

export type EditorAction = "send" | "send-next" | "newline";

/**
 * What a press in the editor asks for; undefined leaves it to the browser. `send-next` sends and
 * opens the next conversation that waits. On `touch` Enter alone starts a new line and the button sends.
 */
export function editorAction(press: KeyPress, sendKey: SendKey, touch: boolean): EditorAction | undefined {
  if (press.key !== "Enter" || composing(press) || press.altKey) return undefined;
  const held = press.ctrlKey || press.metaKey;
  if (press.shiftKey) return held ? "send-next" : "newline";
  if (sendKey === "ctrl-enter") return held ? "send" : "newline";
  if (held) return "send-next";
  return touch ? "newline" : "send";
}

export type Command = "search" | "previous" | "next" | "next-unread" | "toggle-context" | "help" | "back";

/** What a press anywhere in the console asks for. `writing` is true in the editor and in text fields. */
export function consoleCommand(press: KeyPress, writing: boolean): Command | undefined {
  if (composing(press)) return undefined;
  const held = press.ctrlKey || press.metaKey;
  if (held && !press.altKey && !press.shiftKey && press.key.toLowerCase() === "k") return "search";
  if (press.altKey && !held) return altCommand(press);
  if (held) return undefined;
  if (press.key === "Escape") return "back";
  return press.key === "?" && !writing ? "help" : undefined;
}

function altCommand(press: KeyPress): Command | undefined {
  switch (press.key) {
    case "ArrowUp":
      return "previous";
    case "ArrowDown":
      return press.shiftKey ? "next-unread" : "next";
    // Option+I types an accent on a Mac, which the key then names.
    case "i":
    case "I":
    case "ˆ":
    case "Dead":
      return "toggle-context";
    default:
      return undefined;
  }
}

export type ListMove = "up" | "down" | "first" | "last" | "open";

/** What a press in the list of conversations asks for. */
export function listMove(press: KeyPress): ListMove | undefined {
  if (composing(press) || press.ctrlKey || press.metaKey || press.altKey) return undefined;
  switch (press.key) {
    case "ArrowUp":
    case "k":
      return "up";
    case "ArrowDown":
    case "j":
      return "down";
    case "Home":
      return "first";
    case "End":
      return "last";
    case "Enter":
    case " ":
      return "open";
    default:
      return undefined;
  }
}

/** Whether a press with the focus nowhere asks for the list, as the empty pane beside it promises. */
export function entersList(press: KeyPress): boolean {
  const move = listMove(press);
  return !press.shiftKey && (move === "up" || move === "down");
}

/** Where a move from `index` leads in a list of `count`. */
export function moved(move: "up" | "down" | "first" | "last", index: number, count: number): number {
  const last = count - 1;
  switch (move) {
    case "up":
      return Math.max(0, index - 1);
    case "down":
      return Math.min(last, index + 1);
    case "first":
      return 0;
    case "last":
      return last;
  }
}
