// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { fileOf, writable } from "./base64.ts";

const png = btoa("\x89PNG\r\n\x1a\n");

test("what is no picture is no file", () => {
  expect(fileOf(png)?.type).toBe("image/png");
  for (const bad of ["", "%%%", btoa("<svg/>"), "data:image/png;base64,"])
    expect(fileOf(bad)).toBeUndefined();
});

test("a picture that was written down is read back byte for byte", async () => {
  const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 255, 128, 10]);
  const picture = await writable(new Blob([bytes], { type: "image/png" }));
  const { back } = JSON.parse(JSON.stringify({ back: picture }));
  expect(new Uint8Array((await fileOf(back)?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(bytes);
});

test("one that is too long to write down is left as it is", async () => {
  const { back } = JSON.parse(JSON.stringify({ back: await writable(new Blob(["x".repeat(2 ** 21 + 1)])) }));
  expect(back).not.toBeTypeOf("string");
});
