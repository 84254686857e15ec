import { expect, test } from "vitest";
import { daysBetween, timeLabels } from "./time-label.ts";

const now = Date.UTC(2026, 2, 18, 4, 0); // Wednesday, 12:00 in Shanghai

const cases: { what: string; at: number; en: string; zh: string }[] = [
  { what: "this minute", at: now, en: "12:00", zh: "12:00" },
  { what: "just after midnight", at: Date.UTC(2026, 2, 17, 16, 5), en: "00:05", zh: "00:05" },
  { what: "a minute before midnight", at: Date.UTC(2026, 2, 17, 15, 59), en: "Yesterday", zh: "昨天" },
  { what: "the day before yesterday", at: Date.UTC(2026, 2, 16, 4, 0), en: "Mon", zh: "周一" },
  { what: "six days ago", at: Date.UTC(2026, 2, 12, 4, 0), en: "Thu", zh: "周四" },
  { what: "a week ago, not the same weekday again", at: Date.UTC(2026, 2, 11, 4, 0), en: "3/11", zh: "3/11" },
  { what: "last year", at: Date.UTC(2025, 11, 31, 4, 0), en: "12/31/2025", zh: "2025/12/31" },
  { what: "a server clock that is ahead", at: now + 120_000, en: "12:02", zh: "12:02" },
];

for (const { what, at, en, zh } of cases) {
  test(`labels ${what}`, () => {
    expect(timeLabels("en", "Asia/Shanghai").short(at, now)).toBe(en);
    expect(timeLabels("zh-CN", "Asia/Shanghai").short(at, now)).toBe(zh);
  });
}

test("counts days by the viewer's calendar, not by 24 hours", () => {
  const late = Date.UTC(2026, 2, 17, 15, 59);
  expect(daysBetween(late, late + 120_000, "Asia/Shanghai")).toBe(1);
  expect(daysBetween(late, late + 120_000, "UTC")).toBe(0);
});
