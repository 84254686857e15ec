/** Minor units of a currency as money of a language; how many digits are minor is the currency's own. */
export function money(amount: number, currency: string, locale: string): string {
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
