// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Client } from "../client/api.ts";
import type { Conversation, Message } from "../protocol/body.ts";
import type { ColleagueEvent } from "../protocol/frame.ts";
import { sayEvery, staysFor } from "./model/colleagues.ts";
import { followStaff, type Staff } from "./staff.ts";

let staff: Staff | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
});

afterEach(() => {
  staff?.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Sits down as `agent`, with conversation "a" open. */
function sit(agent: string | undefined) {
  const said: string[] = [];
  const rows = signal<readonly Conversation[]>([]);
  const opened = signal<Conversation | undefined>(undefined);
  let tell: (event: ColleagueEvent) => void = () => undefined;
  const client = {
    connection: signal({ kind: "online" }),
    inbox: { rows },
    thread: () => ({ conversation: opened }),
    viewing: (conversation: string) => said.push(conversation),
    onColleague: (listener: typeof tell) => {
      tell = listener;
      return () => undefined;
    },
  } as object;
  staff = followStaff(client as Client, agent, signal("a"));
  const there = staff.colleagues.at("a");
  const names = () => there.value.map(({ name, typing }) => (typing ? `${name} writes` : name));
  return { said, rows, opened, names, tell: (event: ColleagueEvent) => tell(event) };
}

/** How a conversation stands once `agent` has written its message `seq`. */
function after(seq: number, agent: string): Conversation {
  const last = { conversation: "a", seq, agent } as Message;
  return { id: "a", last_seq: seq, last } as Conversation;
}

test("an agent says what is open; the shop itself, of whom nobody is told, says nothing and sees who is at it", () => {
  const yun = sit("yun");
  vi.advanceTimersByTime(staysFor + sayEvery);
  expect(yun.said).toEqual(["a", "a"]);
  staff?.stop();

  const owner = sit(undefined);
  vi.advanceTimersByTime(staysFor + sayEvery);
  dispatchEvent(new Event("focus"));
  vi.advanceTimersByTime(staysFor + sayEvery);
  expect(owner.said).toEqual([]);
  owner.tell({ conversation: "a", agent: "otto", agent_name: "Otto" });
  expect(owner.names()).toEqual(["Otto"]);
});

test("a colleague writes no more once their message is there, in the list or in what is open; an older one says nothing", () => {
  const { tell, names, rows, opened } = sit("yun");
  rows.value = [after(5, "otto")];
  const writes = () => tell({ conversation: "a", agent: "otto", agent_name: "Otto", typing: true });
  writes();
  rows.value = [after(5, "otto"), { ...after(1, "mei"), id: "b" }];
  expect(names(), "that one was there before").toEqual(["Otto writes"]);
  rows.value = [after(6, "mei")];
  expect(names(), "that one is another's").toEqual(["Otto writes"]);
  rows.value = [after(7, "otto")];
  expect(names()).toEqual(["Otto"]);

  rows.value = []; // it is not listed
  writes();
  expect(names()).toEqual(["Otto writes"]);
  opened.value = after(8, "otto");
  expect(names()).toEqual(["Otto"]);
  writes();
  expect(names(), "and begins another").toEqual(["Otto writes"]);
});
