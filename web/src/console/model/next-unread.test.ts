import { signal } from "@preact/signals-core";
import { expect, test } from "vitest";
import type { Client } from "../../client/api.ts";
import type { Conversation } from "../../protocol/body.ts";
import { openNextUnread } from "./next-unread.ts";

type Known = Partial<Conversation> & { id: string };

/** A desk whose list has `listed`, and a server that knows `stored`; `read` is what was read here. */
function desk({
  listed = [],
  stored = [],
  read = {},
}: {
  listed?: Known[];
  stored?: Known[];
  read?: Record<string, number>;
}) {
  const full = (rows: Known[]) => rows.map((row) => ({ unread: 0, last_seq: 1, ...row }) as Conversation);
  const open = signal<string | undefined>(undefined);
  const ask: Client["ask"] = async () => ({ conversations: full(stored) }) as never;
  const client = {
    ask,
    inbox: { rows: signal(full(listed)) },
    thread: (id: string) => ({ readUpTo: read[id] ?? 0 }),
  };
  return { open, next: openNextUnread(client, open) };
}

test("the next is below the open one, round the end, and never one that is muted", async () => {
  const listed = [
    { id: "a", unread: 1 },
    { id: "b" },
    { id: "c", unread: 1, muted: true },
    { id: "d", marked: true },
  ];
  const { open, next } = desk({ listed });
  open.value = "b";
  expect(await next.find()).toBe("d");
  open.value = "d";
  expect(await next.find()).toBe("a");
});

test("what was read here a moment ago is not come back to, though the server does not know of it yet", async () => {
  const { open, next } = desk({ stored: [{ id: "a", unread: 1, last_seq: 3 }], read: { a: 3 } });
  open.value = "a";
  open.value = "b";
  expect(await next.find()).toBeUndefined();
});

test("what came since it was read here, or was marked, is", async () => {
  for (const since of [{ last_seq: 4 }, { last_seq: 3, marked: true }]) {
    const { open, next } = desk({ stored: [{ id: "a", unread: 1, ...since }], read: { a: 3 } });
    open.value = "a";
    open.value = "b";
    expect(await next.find()).toBe("a");
  }
});

test("who goes elsewhere while the server is asked stays there", async () => {
  const { open, next } = desk({ stored: [{ id: "a", unread: 1 }] });
  open.value = "b";
  const found = next.find();
  open.value = "c";
  expect(await found).toBeUndefined();
});
