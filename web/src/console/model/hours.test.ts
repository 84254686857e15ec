import { expect, test } from "vitest";
import { toDays, toOpenings } from "./hours.ts";

const week = [
  { day: 0, from: 0, to: 1440 },
  { day: 1, from: 540, to: 1080 },
  { day: 6, from: 1, to: 59 },
];

test("a week goes into the form and comes out as it was", () =>
  expect(toOpenings(toDays(week))).toEqual(week));

test("what the form shows", () =>
  expect(toDays(week)).toEqual([
    { from: "00:00", to: "00:00" },
    { from: "09:00", to: "18:00" },
    undefined,
    undefined,
    undefined,
    undefined,
    { from: "00:01", to: "00:59" },
  ]));

test("two stretches of a day are shown as one", () =>
  expect(
    toDays([
      { day: 2, from: 540, to: 720 },
      { day: 2, from: 780, to: 1080 },
    ])[2],
  ).toEqual({ from: "09:00", to: "18:00" }));

test("a bar is open until after midnight, and its Monday begins with Sunday's guests", () => {
  const bar = [
    { day: 6, from: 1200, to: 1440 },
    { day: 0, from: 0, to: 120 },
    { day: 0, from: 1080, to: 1440 },
    { day: 1, from: 0, to: 60 },
  ];
  const days = toDays(bar);
  expect([days[6], days[0], days[1]]).toEqual([
    { from: "20:00", to: "02:00" },
    { from: "18:00", to: "01:00" },
    undefined,
  ]);
  const sorted = (openings: typeof bar) => openings.map(({ day, from, to }) => `${day} ${from} ${to}`).sort();
  expect(sorted(toOpenings(days, bar))).toEqual(sorted(bar));
  expect(sorted(toOpenings(days))).toEqual(sorted(bar));
});

test("what would be longer than a day is not shown as one", () => {
  const odd = [
    { day: 1, from: 60, to: 300 },
    { day: 1, from: 1200, to: 1440 },
    { day: 2, from: 0, to: 120 },
  ];
  expect(toDays(odd).slice(1, 3)).toEqual([
    { from: "01:00", to: "00:00" },
    { from: "00:00", to: "02:00" },
  ]);
  expect(toOpenings(toDays(odd), odd)).toEqual(odd);
});

test("open around the clock is no night that ends", () => {
  const always = Array.from({ length: 7 }, (_, day) => ({ day, from: 0, to: 1440 }));
  expect(toOpenings(toDays(always))).toEqual(always);
});

test("a lunch break that was set elsewhere stays, unless its day is changed", () => {
  const split = [
    { day: 1, from: 540, to: 720 },
    { day: 1, from: 780, to: 1080 },
    { day: 2, from: 540, to: 1080 },
  ];
  const days = toDays(split);
  expect(toOpenings(days, split)).toEqual(split);
  const other = days.map((hours, day) => (day === 2 ? undefined : hours));
  expect(toOpenings(other, split)).toEqual(split.slice(0, 2));
  const changed = days.map((hours, day) => (day === 1 ? { from: "10:00", to: "18:00" } : hours));
  expect(toOpenings(changed, split)[0]).toEqual({ day: 1, from: 600, to: 1080 });
});
