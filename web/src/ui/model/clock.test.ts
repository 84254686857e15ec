import { expect, test } from "vitest";
import { makeClock } from "./clock.ts";

const english = makeClock("en", { today: "Today", yesterday: "Yesterday" });
const chinese = makeClock("zh-CN", { today: "今天", yesterday: "昨天" });
const at = (...when: [number, number, number, number, number]) => new Date(...when).getTime();

test("the time is the viewer's own, in two digits each", () => {
  expect(english.time(at(2026, 6, 1, 0, 5))).toBe("00:05");
  expect(english.time(at(2026, 0, 1, 23, 59))).toBe("23:59");
});

test("days are called as people call them", () => {
  const now = at(2026, 10, 28, 0, 1);
  expect(english.day(now + 90_000_000, now)).toBe("Today"); // the server's clock is ahead
  expect(english.day(at(2026, 10, 27, 23, 59), now)).toBe("Yesterday");
  expect(english.day(at(2026, 10, 26, 23, 59), now)).toBe("Thursday, November 26");
  expect(chinese.day(at(2026, 10, 26, 23, 59), now)).toBe("11月26日星期四");
  expect(english.day(at(2025, 11, 31, 12, 0), now)).toBe("December 31, 2025");
  expect(chinese.day(at(2025, 11, 31, 12, 0), now)).toBe("2025年12月31日");
});

test("everything, for who points at it", () => {
  expect(english.full(at(2026, 10, 28, 9, 5)).replace("\u202f", " ")).toBe("November 28, 2026 at 9:05:00 AM");
});
