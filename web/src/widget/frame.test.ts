// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { FromFrame } from "../protocol/embed.ts";
import { openFrame } from "./frame.ts";

test("the page hears of a push from the chat in its frame, and from nobody else", () => {
  const said: FromFrame[] = [];
  const frame = openFrame(new URL("https://chat.example/chat"), "chat", {
    said: (message) => said.push(message),
    silent: () => undefined,
  });
  const tell = (origin: string): boolean =>
    dispatchEvent(
      new MessageEvent("message", {
        origin,
        source: frame.element.contentWindow as never,
        data: { haggle: 1, type: "push", payload: "text" },
      }),
    );
  tell("https://evil.example");
  tell("https://chat.example");
  frame.remove();
  expect(said).toEqual([{ type: "push", payload: "text" }]);
});
