import { expect, test } from "vitest";
import { money } from "./money.ts";

test.each([
  { name: "two minor digits", amount: 19900, currency: "CNY", locale: "zh-CN", want: "¥199.00" },
  { name: "no minor digits", amount: 1980, currency: "JPY", locale: "en", want: "¥1,980" },
  { name: "three minor digits", amount: 12345, currency: "KWD", locale: "en", want: "KWD 12.345" },
  { name: "dollars", amount: 5, currency: "USD", locale: "en", want: "$0.05" },
  { name: "not a currency", amount: 1250, currency: "??", locale: "en", want: "12.5 ??" },
])("$name", ({ amount, currency, locale, want }) => {
  expect(money(amount, currency, locale).replaceAll("\u00a0", " ")).toBe(want);
});

test("yuan are written by hand as a formatter would", () => {
  const currency = "CNY";
  for (const locale of ["en", "zh-CN"]) {
    const format = new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
    });
    for (const amount of [0, 5, 99, 100, 99_999, 100_000, 123_456_789, 100_000_000_050])
      expect(money(amount, currency, locale)).toBe(format.format(amount / 100));
  }
});
