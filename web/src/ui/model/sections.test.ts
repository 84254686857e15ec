import { expect, test } from "vitest";
import type { Entry } from "../../client/api.ts";
import type { Block } from "../../protocol/body.ts";
import { boxOf, partsOf, sectionsOf, textOf } from "./sections.ts";

function message(blocks: readonly Block[]): Entry {
  const stored = { conversation: "c", seq: 1, rev: 1, sender: "U_1", nonce: "n", blocks, sent_at: 0 };
  return { kind: "message", key: "n", mine: true, tick: "stored", message: stored };
}

const image = (file: string): Block => ({ type: "image", image: { file, width: 4, height: 3 } });

test("neighbouring pictures make one grid, text between them parts it", () => {
  const sections = sectionsOf(message([image("a"), image("b"), { type: "text", text: "x" }, image("c")]));
  expect(
    sections.map((s) =>
      s.kind === "pictures" ? s.shots.map((p) => `${p.index}${p.file}`).join("+") : s.kind,
    ),
  ).toEqual(["0a+1b", "text", "2c"]);
});

test("a waiting message looks as it will when stored", () => {
  const entry: Entry = {
    kind: "outgoing",
    key: "n",
    pieces: [
      { type: "image", picture: { bytes: new Blob(), width: 4, height: 3 } },
      { type: "text", text: "x" },
    ],
    tick: "uploading",
    queuedAt: 0,
    progress: 0.5,
    failure: undefined,
    stale: false,
  };
  const later = sectionsOf(message([image("a"), { type: "text", text: "x" }]));
  expect(sectionsOf(entry).map((s) => s.kind)).toEqual(later.map((s) => s.kind));
});

test("a block from the future is not lost silently", () => {
  expect(sectionsOf(message([{ type: "unknown" }]))).toEqual([{ kind: "unknown" }]);
});

test("copying takes the words only", () => {
  expect(textOf(message([{ type: "text", text: "a" }, image("f"), { type: "text", text: "b" }]))).toBe(
    "a\nb",
  );
});

test.each([
  { name: "small stays small", shot: { width: 100, height: 80 }, want: { width: 100, height: 80 } },
  { name: "wide", shot: { width: 1000, height: 500 }, want: { width: 240, height: 120 } },
  { name: "tall", shot: { width: 500, height: 3000 }, want: { width: 72, height: 320 } },
  { name: "nonsense", shot: { width: 0, height: 0 }, want: { width: 72, height: 56 } },
])("box: $name", ({ shot, want }) => {
  expect(boxOf(shot, { width: 240, height: 320 })).toEqual(want);
});

test("a notice stands outside of the bubbles, where it was put", () => {
  const entry = message([
    { type: "notice", notice: { code: "added_later" } },
    { type: "text", text: "a" },
    image("f"),
    { type: "notice", notice: { code: "image_missing", detail: "b.jpg" } },
    { type: "text", text: "c" },
  ]);
  expect(partsOf(entry).map((p) => (p.kind === "bubble" ? p.sections.map((s) => s.kind) : p.notice))).toEqual(
    [{ code: "added_later" }, ["text", "pictures"], { code: "image_missing", detail: "b.jpg" }, ["text"]],
  );
});

test("a notice is nobody's words: copying leaves it out", () => {
  const notice: Block = { type: "notice", notice: { code: "image_missing", detail: "b.jpg" } };
  expect(textOf(message([notice, { type: "text", text: "a" }]))).toBe("a");
  expect(textOf(message([notice]))).toBe("");
});
