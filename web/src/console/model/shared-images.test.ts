import { expect, test } from "vitest";
import type { Entry } from "../../client/api.ts";
import type { Block } from "../../protocol/body.ts";
import { sharedImages } from "./shared-images.ts";

function stored(seq: number, blocks: readonly Block[]): Entry {
  const message = {
    conversation: "c",
    seq,
    rev: seq,
    sender: "U_1",
    nonce: `n${seq}`,
    blocks,
    sent_at: seq * 1000,
  };
  return { kind: "message", key: `n${seq}`, message, mine: false, tick: undefined };
}

const image = (file: string): Block => ({ type: "image", image: { file, width: 4, height: 3 } });

test("shows the latest picture first and leaves out what is no picture", () => {
  const entries = [
    stored(1, [image("a"), { type: "text", text: "and" }, image("b")]),
    stored(2, [{ type: "text", text: "hello" }]),
    stored(3, [image("c")]),
  ];
  expect(sharedImages([], entries).map(({ key, shot }) => `${key} ${shot.index} ${shot.file}`)).toEqual([
    "n3 0 c",
    "n1 1 b",
    "n1 0 a",
  ]);
});

test("a picture still being sent is not in the shared ones", () => {
  const picture = { bytes: new Blob(["x"]), width: 1, height: 1 };
  const outgoing: Entry = {
    kind: "outgoing",
    key: "n",
    pieces: [{ type: "image", picture }],
    tick: "uploading",
    queuedAt: 0,
    progress: 0,
    failure: undefined,
    stale: false,
  };
  expect(sharedImages([], [outgoing])).toEqual([]);
});

test("pictures from before the loaded messages stand after theirs, and each once", () => {
  const message = (seq: number, file: string) => {
    const entry = stored(seq, [image(file)]);
    return entry.kind === "message" ? entry.message : expect.fail("no message");
  };
  const old = [message(1, "a"), message(5, "b"), message(6, "taken back since")];
  const entries = [stored(5, [image("b")]), stored(6, []), stored(7, [image("c")])];
  expect(sharedImages(old, entries).map(({ seq, shot }) => `${seq} ${shot.file}`)).toEqual([
    "7 c",
    "5 b",
    "1 a",
  ]);
});
