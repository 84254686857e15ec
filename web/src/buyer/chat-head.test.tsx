// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeAll, expect, test } from "vitest";
import type { Client, Presence, Thread } from "../client/api.ts";
import { startLanguage } from "../ui/i18n/language.ts";
import { ChatHead } from "./chat-head.tsx";

beforeAll(startLanguage);

/** What the head says of a shop, line by line. */
function says(name: string | undefined, presence: Presence, replies?: number): string[] {
  const root = document.createElement("div");
  const client = { connection: signal({ kind: "online" }), presence: () => signal(presence) } as object;
  const thread = { peerTyping: signal(undefined) } as object;
  const peer = { uid: "V_7", ...(name !== undefined && { name }) };
  void act(() =>
    render(
      <ChatHead
        client={client as Client}
        thread={thread as Thread}
        peer={peer}
        replies={replies}
        wide={false}
        onAsk={() => undefined}
      />,
      root,
    ),
  );
  return [...root.querySelectorAll("h1, .chat-badge, .chat-state")].map((it) => it.textContent ?? "");
}

test("beside the name of a shop stands that it is the seller, which no name can say of itself", () => {
  expect(says("Kiln & Ash", "online")).toEqual(["Kiln & Ash", "Seller", "Online"]);
  expect(says(undefined, "online")).toEqual(["Seller", "Online"]);
});

test("who is not there is said to reply when it usually does, and where nobody can tell, nothing is", () => {
  expect(says("Kiln", "offline", 300_000).at(-1)).toBe("Usually replies in 5 minutes");
  expect(says("Kiln", "unknown", 3_600_000).at(-1)).toBe("Usually replies in an hour");
  expect(says("Kiln", "offline", 86_400_000).at(-1)).toBe("Usually replies in a day");
  expect(says("Kiln", "online", 300_000).at(-1)).toBe("Online");
  expect(says("Kiln", "offline").at(-1)).toBe("Offline");
  expect(says("Kiln", "unknown")).toEqual(["Kiln", "Seller"]);
});
