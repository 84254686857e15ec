// @vitest-environment happy-dom
import type { Signal } from "@preact/signals";
import { type JSX, render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useDraft } from "./draft.ts";
import { forgetDrafts } from "./forget-drafts.ts";

const root = document.createElement("div");
let draft: Signal<string>;

function Field({ reader }: { reader: string }): JSX.Element {
  draft = useDraft("U_1", reader);
  return <p>{draft.value}</p>;
}

/** Comes to the thread with `reader`, and from the one before. */
const open = (reader: string) => void act(() => render(<Field key={reader} reader={reader} />, root));
const write = (text: string) =>
  void act(() => {
    draft.value = text;
  });

/** A browser's storage, which takes and gives what it does not refuse. */
const kept = new Map<string, string>();
let refuses: "nothing" | "more" | "all";
const ask = (refused: boolean): void => {
  if (refused) throw new DOMException("no", "QuotaExceededError");
};

beforeEach(() => {
  kept.clear();
  refuses = "nothing";
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => {
      ask(refuses === "all");
      return kept.get(key) ?? null;
    },
    setItem: (key: string, text: string) => {
      ask(refuses !== "nothing");
      kept.set(key, text);
    },
    removeItem: (key: string) => {
      ask(refuses === "all");
      kept.delete(key);
    },
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  render(null, root);
});

test("where storage is refused a draft lives as long as the page, until it is sent", () => {
  refuses = "all";
  open("E_1");
  write("Is it");
  open("E_2");
  expect(draft.value).toBe("");
  open("E_1");
  expect(draft.value).toBe("Is it");
  write("");
  open("E_2");
  open("E_1");
  expect(draft.value).toBe("");
});

test("where storage is full what was written last counts, not what was kept before", () => {
  open("E_3");
  write("Is it");
  refuses = "more";
  write("Is it dishwasher-safe?");
  open("E_4");
  open("E_3");
  expect(draft.value).toBe("Is it dishwasher-safe?");
  refuses = "nothing";
  write("Is it blue?");
  open("E_4");
  kept.clear(); // as another tab does that sends it
  open("E_3");
  expect(draft.value).toBe("");
});

test("who signs out leaves none behind", () => {
  refuses = "more";
  open("E_5");
  write("Is it");
  render(null, root);
  forgetDrafts("U_1");
  open("E_5");
  expect(draft.value).toBe("");
});
