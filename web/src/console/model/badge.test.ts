import { expect, test } from "vitest";
import { badgeText, faviconUrl, titleText } from "./badge.ts";

const icon = (count: number) =>
  decodeURIComponent(faviconUrl(count, { bubble: "teal", badge: "red", onBadge: "white" }));

const counts: [number, string][] = [
  [0, ""],
  [-1, ""],
  [Number.NaN, ""],
  [1, "1"],
  [99, "99"],
  [100, "99+"],
];

for (const [count, want] of counts) {
  test(`a badge for ${count} says "${want}"`, () => expect(badgeText(count)).toBe(want));
}

test("the title starts with the count and is clean without one", () => {
  expect(titleText(3, "Ann · Haggle")).toBe("(3) Ann · Haggle");
  expect(titleText(0, "Ann · Haggle")).toBe("Ann · Haggle");
});

test("the icon carries a number only while something is unread", () => {
  expect(icon(0)).not.toContain("<text");
  expect(icon(4)).toContain(">4</text>");
  expect(icon(12)).toContain(">9+</text>");
});

test("every colour of the icon is one of the page's", () => {
  const fills = icon(4).match(/fill="[^"]*"/g);
  expect(fills).toEqual(['fill="teal"', 'fill="red"', 'fill="white"']);
  expect(icon(4)).not.toMatch(/#[0-9a-f]{3,8}\b|\b(rgb|hsl)a?\(/i);
});
