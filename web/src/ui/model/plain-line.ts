/** No line holds more than this, drawn or not. */
const mostChars = 160;

/**
 * A foreign text fit to stand in a line of ours: on one line, without the control and format characters that
 * could reverse what stands around it or look like nothing. What joins emoji stays.
 */
export function plainLine(text: string): string {
  return text
    .slice(0, mostChars * 4)
    .replace(/\s+/gu, " ")
    .replace(/(?!\u200d)[\p{C}]/gu, "")
    .trim();
}

/** Cuts a line that is too long between characters, never through the middle of an emoji's code point. */
export function cut(line: string): string {
  const chars = [...line.slice(0, mostChars * 2 + 1)];
  return chars.length > mostChars ? `${chars.slice(0, mostChars).join("")}…` : line;
}
