// @vitest-environment happy-dom
import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Client } from "../client/api.ts";
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
  let tell: (event: ColleagueEvent) => void = () => undefined;
  const client = {
    connection: signal({ kind: "online" }),
    viewing: (conversation: string) => said.push(conversation),
    onColleague: (listener: typeof tell) => {
      tell = listener;
      return () => undefined;
    },
  } as object;
  staff = followStaff(client as Client, agent, signal("a"));
  const there = staff.colleagues.at("a");
  const names = () => there.value.map(({ name, typing }) => (typing ? `${name} writes` : name));
  return { said, names, tell: (event: ColleagueEvent) => tell(event) };
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
