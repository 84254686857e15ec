import { expect, test } from "vitest";
import { MAX_WATCHED, openWatching } from "./watching.ts";

function fixture() {
  const told: (readonly string[])[] = [];
  const queue: (() => void)[] = [];
  const watching = openWatching(
    (uids) => told.push(uids),
    (run) => queue.push(run),
  );
  const settle = () => {
    for (const run of queue.splice(0)) run();
  };
  return { told, watching, settle };
}

test("a screenful of rows is one request", () => {
  const { told, watching, settle } = fixture();
  watching.hold("U_1");
  watching.hold("U_2");
  settle();
  expect(told).toEqual([["U_1", "U_2"]]);
});

test("a buyer shown in two places is watched until both are gone", () => {
  const { told, watching, settle } = fixture();
  const row = watching.hold("U_1");
  const header = watching.hold("U_1");
  settle();
  row();
  row(); // releasing twice releases once
  settle();
  expect(told).toEqual([["U_1"]]);
  header();
  settle();
  expect(told.at(-1)).toEqual([]);
});

test("rows that scroll away and back ask for nothing", () => {
  const { told, watching, settle } = fixture();
  const release = watching.hold("U_1");
  settle();
  release();
  watching.hold("U_1");
  settle();
  expect(told).toHaveLength(1);
});

test("never asks for more than a session may watch", () => {
  const { told, watching, settle } = fixture();
  for (let i = 0; i < MAX_WATCHED + 50; i++) watching.hold(`U_${i}`);
  settle();
  expect(told.at(-1)).toHaveLength(MAX_WATCHED);
  expect(told.at(-1)?.at(-1)).toBe(`U_${MAX_WATCHED + 49}`);
});
