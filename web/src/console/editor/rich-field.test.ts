// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import type { Picture } from "../../client/api.ts";
import { toPieces } from "../model/editor-content.ts";
import { pictureFiles, richField } from "./rich-field.ts";

const picture: Picture = { bytes: new Blob(["x"]), width: 1, height: 1 };

function fixture() {
  const host = document.createElement("div");
  document.body.append(host);
  const hooks = {
    changed: vi.fn(),
    typed: vi.fn(),
    files: vi.fn(),
    caretMoved: vi.fn(),
    pictureLabel: () => "Picture",
  };
  return { host, hooks, field: richField(host, hooks) };
}

test("a draft that is shown again is the message that was being written", () => {
  const { field } = fixture();
  const pictures = new Map([["blob:1", picture]]);
  field.load(
    [
      { type: "text", text: "two\nlines <b>" },
      { type: "image", picture: "blob:1" },
      { type: "text", text: "end" },
    ],
    pictures,
  );
  expect(toPieces(field.parts(), field.pictures())).toEqual([
    { type: "text", text: "two\nlines <b>" },
    { type: "image", picture },
    { type: "text", text: "end" },
  ]);
});

test("loading a draft is not typing: the buyer is told nothing", () => {
  const { field, hooks } = fixture();
  field.load([{ type: "text", text: "x" }], new Map());
  expect(hooks.changed).toHaveBeenCalled();
  expect(hooks.typed).not.toHaveBeenCalled();
});

test("a picture whose bytes did not outlive the page leaves no hole in the draft", () => {
  const { host, field } = fixture();
  field.load([{ type: "image", picture: "blob:gone" }], new Map());
  expect(host.querySelector("img")).toBeNull();
  expect(host.hasAttribute("data-empty")).toBe(true);
});

test("a phrase takes the place of its name, in however many pieces that was typed", () => {
  const { host, field } = fixture();
  host.contentEditable = "true";
  host.append("hello /", "thx");
  getSelection()?.collapse(host.lastChild, 3);
  document.dispatchEvent(new Event("selectionchange"));
  let replaced = "";
  document.execCommand = () => {
    replaced = getSelection()?.toString() ?? "";
    return true;
  };
  field.replaceBefore(4, "Thank you");
  expect(replaced).toBe("/thx");
});

test("what a slash asks for is what stands there now, not what the browser has told of so far", () => {
  const { host, field } = fixture();
  host.contentEditable = "true";
  host.append("/");
  getSelection()?.collapse(host.firstChild, 1);
  document.dispatchEvent(new Event("selectionchange"));
  (host.firstChild as Text).appendData("fh");
  const caret = getSelection()?.getRangeAt(0);
  caret?.setStart(host.firstChild as Text, 3);
  caret?.collapse(true);
  expect(field.beforeCaret()).toBe("/fh");
});

test("an emptied field says that it is empty", () => {
  const { host, field } = fixture();
  field.load([{ type: "text", text: "x" }], new Map());
  expect(host.hasAttribute("data-empty")).toBe(false);
  host.innerHTML = "<br>"; // what a browser leaves behind
  host.dispatchEvent(new InputEvent("input", { inputType: "deleteContentBackward" }));
  expect(host.hasAttribute("data-empty")).toBe(true);
});

test("after dispose the element is left alone", () => {
  const { host, hooks, field } = fixture();
  field.dispose();
  host.dispatchEvent(new InputEvent("input", { inputType: "insertText", data: "x" }));
  expect(hooks.typed).not.toHaveBeenCalled();
});

test("only pictures are taken from what is dropped", () => {
  const files = [
    new File(["x"], "a.png", { type: "image/png" }),
    new File(["x"], "b.pdf", { type: "application/pdf" }),
  ];
  expect(pictureFiles({ files } as unknown as DataTransfer).map((file) => file.name)).toEqual(["a.png"]);
});

/** As a browser does what is typed, which this document knows nothing of. */
function type(host: HTMLElement, data: string): void {
  const at = getSelection()?.getRangeAt(0);
  const end = host.lastChild;
  if (end instanceof Text) end.appendData(data);
  else host.append(data);
  if (host.lastChild !== null) at?.setStart(host.lastChild, host.lastChild.textContent?.length ?? 0);
  at?.collapse(true);
  document.dispatchEvent(new Event("selectionchange"));
  host.dispatchEvent(new InputEvent("input", { inputType: "insertText", data }));
}

function press(host: HTMLElement, key: string, shiftKey = false): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, ctrlKey: true, shiftKey, cancelable: true });
  host.dispatchEvent(event);
  return event;
}

test("undo and redo stay within the draft that is shown", () => {
  const { host, field } = fixture();
  host.contentEditable = "true";
  host.tabIndex = 0;
  host.focus();
  field.load([{ type: "text", text: "to A" }], new Map());
  type(host, " and more");
  field.load([], new Map());
  expect(press(host, "z").defaultPrevented).toBe(true);
  expect(host.textContent).toBe("");
  type(host, "to B");
  press(host, "z");
  press(host, "z");
  expect(host.textContent).toBe("");
  press(host, "y");
  expect(host.textContent).toBe("to B");
  press(host, "z");
  press(host, "Z", true);
  press(host, "y");
  expect(host.textContent).toBe("to B");
});

test("a picture that cannot be had leaves the field, and no undo brings it back", () => {
  const { host, field } = fixture();
  host.contentEditable = "true";
  document.execCommand = (_, __, source) => {
    const image = document.createElement("img");
    image.src = source ?? "";
    host.append(image);
    host.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste" }));
    return true;
  };
  field.load([], new Map());
  const source = field.insertPicture(new Blob(["x"]));
  expect(field.parts()).toEqual([{ type: "image", picture: source }]);
  type(host, " see above");
  field.settle(source, undefined);
  expect(field.parts()).toEqual([{ type: "text", text: " see above" }]);
  press(host, "z");
  expect(host.querySelector("img")).toBeNull();
  expect(toPieces(field.parts(), field.pictures())).toEqual([]);
});

/** As a browser shows what an input method has composed so far. */
function compose(host: HTMLElement, text: string): void {
  host.replaceChildren(text);
  host.dispatchEvent(new InputEvent("input", { inputType: "insertCompositionText", data: text }));
}

test("undo knows what an input method has written, and not the letters that it was found by", () => {
  vi.useFakeTimers();
  const { host, field } = fixture();
  host.contentEditable = "true";
  field.load([], new Map());
  // Some browsers say that text was put in after the composition has ended, too.
  for (const [before, letters, word, toldAgain] of [
    ["", ["n", "ni"], "你", false],
    ["你", ["h", "hao"], "好", true],
  ] as const) {
    host.dispatchEvent(new Event("compositionstart"));
    for (const typed of [...letters, word]) {
      vi.advanceTimersByTime(1_500);
      compose(host, before + typed);
    }
    host.dispatchEvent(new Event("compositionend"));
    if (toldAgain) compose(host, before + word);
  }
  const undone = () => {
    press(host, "z");
    return host.textContent;
  };
  expect([undone(), undone(), undone()]).toEqual(["你", "", ""]);
  vi.useRealTimers();
});
