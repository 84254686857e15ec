import { expect, test } from "vitest";
import { keepsDrafts } from "./signed-out.ts";

test.each([
  { name: "whose sign-in ran out at the desk", code: "token_expired", seated: true, want: true },
  { name: "who was never signed in", code: "signed_out", seated: false, want: false },
  { name: "who signed out on purpose", code: "left", seated: true, want: false },
])("what was being written is promised back: $name", ({ code, seated, want }) => {
  expect(keepsDrafts(code, seated)).toBe(want);
});
