// @vitest-environment happy-dom
import { type Signal, signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import type { Piece } from "../client/api.ts";
import { Composer } from "./composer.tsx";
import { loadWords, startLanguage } from "./i18n/language.ts";
import { loadLater } from "./later.ts";
import { add } from "./picked.ts";
import { Toasts } from "./toast.tsx";
import type { Pictures } from "./use-pictures.ts";

const root = document.createElement("div");
const picture = { bytes: new Blob(["x"]), width: 4, height: 3 };

beforeAll(async () => {
  await startLanguage();
  await loadLater();
});

afterEach(() => {
  render(null, root);
});

function draw(text: Signal<string>, prepare = () => Promise.resolve(picture)) {
  const sent: (readonly Piece[])[] = [];
  const pictures: Pictures = { items: signal([]), prepare, max: 9 };
  document.body.append(root);
  void act(() =>
    render(
      <Composer
        text={text}
        limits={{ text: 20, images: 9 }}
        placeholder=""
        pictures={pictures}
        onSend={(pieces) => sent.push(pieces)}
        onTyping={() => undefined}
      />,
      root,
    ),
  );
  const press = (init: KeyboardEventInit) => {
    const event = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init });
    void act(() => void root.querySelector("textarea")?.dispatchEvent(event));
  };
  return { sent, pictures, press };
}

test("Enter sends what is written and empties the field", () => {
  const text = signal("hello");
  const { sent, press } = draw(text);
  press({});
  expect(sent).toEqual([[{ type: "text", text: "hello" }]]);
  expect(text.value).toBe("");
});

test("Enter that chooses a Chinese candidate sends nothing", () => {
  const text = signal("ni hao");
  const { sent, press } = draw(text);
  press({ isComposing: true });
  expect(sent).toEqual([]);
  expect(text.value).toBe("ni hao");
});

test.each([
  { name: "blank", text: "  \n " },
  { name: "longer than the server takes", text: "x".repeat(21) },
])("$name is not sent, and not lost", ({ text: written }) => {
  const text = signal(written);
  const { sent, press } = draw(text);
  press({});
  expect(sent).toEqual([]);
  expect(text.value).toBe(written);
});

test("what is no picture is said to be none", async () => {
  await loadWords();
  const { pictures } = draw(signal(""));
  add(pictures, [new File(["x"], "a.pdf", { type: "application/pdf" })]);
  void act(() => render(<Toasts />, root));
  expect(pictures.items.value).toEqual([]);
  expect(root.textContent).toContain("Only pictures can be sent");
});

test("taking a picture out leaves the focus at the next one, and after the last in the field", async () => {
  const { pictures } = draw(signal(""));
  const files = ["a.png", "b.png"].map((name) => new File(["x"], name, { type: "image/png" }));
  await act(async () => add(pictures, files));
  const remove = () => root.querySelector<HTMLButtonElement>(".tray-remove");
  await vi.waitFor(() => expect(remove()).not.toBeNull());
  remove()?.focus();
  void act(() => remove()?.click());
  expect(document.activeElement).toBe(remove());
  void act(() => remove()?.click());
  expect(pictures.items.value).toEqual([]);
  expect(document.activeElement).toBe(root.querySelector("textarea"));
});

test("a picture goes before the words about it, once it is prepared", async () => {
  const text = signal("look");
  const { sent, pictures, press } = draw(text);
  void act(() => add(pictures, [new File(["x"], "a.png", { type: "image/png" }), new File(["x"], "a.txt")]));
  press({});
  expect(sent).toEqual([]); // still being prepared
  await act(() => Promise.resolve());
  press({});
  expect(sent).toEqual([
    [
      { type: "image", picture },
      { type: "text", text: "look" },
    ],
  ]);
  expect(pictures.items.value).toEqual([]);
});

test("there is room for as many pictures as the server takes", async () => {
  await loadWords();
  const pictures: Pictures = { items: signal([]), prepare: () => Promise.resolve(picture), max: 2 };
  const files = ["a", "b", "c"].map((name) => new File(["x"], name, { type: "image/png" }));
  add(pictures, files);
  expect(pictures.items.value).toHaveLength(2);
  void act(() => render(<Toasts />, root));
  expect(root.textContent).toContain("At most 2 pictures in one message");
});
