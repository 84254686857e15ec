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

test("an emptied field says that it is empty", () => {
  const { host, field } = fixture();
  field.load([{ type: "text", text: "x" }], new Map());
  expect(host.hasAttribute("data-empty")).toBe(false);
  host.innerHTML = "<br>"; // what a browser leaves behind
  host.dispatchEvent(new Event("input"));
  expect(host.hasAttribute("data-empty")).toBe(true);
});

test("after dispose the element is left alone", () => {
  const { host, hooks, field } = fixture();
  field.dispose();
  host.dispatchEvent(new Event("input"));
  expect(hooks.typed).not.toHaveBeenCalled();
});

test("only pictures are taken from what is dropped", () => {
  const files = [
    new File(["x"], "a.png", { type: "image/png" }),
    new File(["x"], "b.pdf", { type: "application/pdf" }),
  ];
  expect(pictureFiles({ files } as unknown as DataTransfer).map((file) => file.name)).toEqual(["a.png"]);
});
