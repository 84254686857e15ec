/** Written alike in all languages of ours, and without a formatter: a browser's first takes its time. */
const symbols: Record<string, string> = { CNY: "¥" };

/** Minor units of a currency as money of a language; how many digits are minor is the currency's own. */
export function money(amount: number, currency: string, locale: string): string {
  const symbol = symbols[currency];
  if (symbol !== undefined) return symbol + (amount / 100).toFixed(2).replace(/\B(?=(?:\d{3})+\.)/gu, ",");
  try {
    const format = new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
    });
    return format.format(amount / 10 ** exponent(format));
  } catch {
    // Not a currency code: say what is known and invent nothing.
    return `${amount / 100} ${currency}`;
  }
}

function exponent(format: Intl.NumberFormat): number {
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}
