import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Colleagues, openColleagues, sayEvery, sayWhatIsViewed, staysFor } from "./colleagues.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const names = (colleagues: Colleagues, conversation: string) =>
  colleagues.at(conversation).value.map(({ name, typing }) => (typing ? `${name} writes` : name));

test("who has a conversation before them is there until they have another one, or say so no more", () => {
  const colleagues = openColleagues("yun");
  colleagues.told({ conversation: "a", agent: "otto", agent_name: "Otto" });
  expect(names(colleagues, "a")).toEqual(["Otto"]);
  colleagues.told({ conversation: "b", agent: "otto", agent_name: "Otto" });
  expect([names(colleagues, "a"), names(colleagues, "b")]).toEqual([[], ["Otto"]]);
  vi.advanceTimersByTime(20_000);
  colleagues.told({ conversation: "b", agent: "otto", agent_name: "Otto" });
  vi.advanceTimersByTime(29_000);
  expect(names(colleagues, "b")).toEqual(["Otto"]);
  vi.advanceTimersByTime(2_000);
  expect(names(colleagues, "b")).toEqual([]);
});

test("who writes stands first, and is only there once they pause", () => {
  const colleagues = openColleagues("yun");
  colleagues.told({ conversation: "a", agent: "otto" });
  colleagues.told({ conversation: "a", agent: "mei", agent_name: "Mei", typing: true });
  expect(names(colleagues, "a")).toEqual(["Mei writes", "otto"]);
  colleagues.told({ conversation: "a", agent: "mei", agent_name: "Mei" });
  expect(names(colleagues, "a")).toEqual(["Mei writes", "otto"]);
  vi.advanceTimersByTime(5_000);
  expect(names(colleagues, "a")).toEqual(["otto", "Mei"]);
});

test("one's own other window is no colleague, and without the server nobody is", () => {
  const colleagues = openColleagues("yun");
  colleagues.told({ conversation: "a", agent: "yun", agent_name: "Yun" });
  expect(names(colleagues, "a")).toEqual([]);
  colleagues.told({ conversation: "a", agent: "otto" });
  colleagues.forget();
  expect(names(colleagues, "a")).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what is passed on the way to another one is not told of; what stays before somebody is, again and again", () => {
  let open: string | undefined = "a";
  const said: string[] = [];
  const viewing = sayWhatIsViewed(
    () => open,
    (conversation) => said.push(conversation),
  );
  vi.advanceTimersByTime(staysFor - 1);
  open = "b";
  viewing.again();
  vi.advanceTimersByTime(staysFor + sayEvery);
  expect(said).toEqual(["b", "b"]);
  open = undefined; // the window went behind another one
  vi.advanceTimersByTime(sayEvery);
  viewing.end();
  vi.advanceTimersByTime(sayEvery);
  expect(said).toEqual(["b", "b"]);
});
