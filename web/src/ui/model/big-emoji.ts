/** What a grapheme of an emoji begins with; newer regular expressions know more, but older browsers stumble on them. */
const emoji = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\ufe0f\u20e3)/u;

/** Whether a text is nothing but one to `max` emoji: such messages are drawn large. */
export function isBigEmoji(text: string, max = 3): boolean {
  const trimmed = text.trim();
  // A segmenter is costly: most messages need none.
  if (!emoji.test(trimmed) || trimmed.length > 64 || typeof Intl.Segmenter !== "function") return false;
  let seen = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(trimmed)) {
    if (/^\s+$/u.test(segment)) continue;
    seen++;
    if (seen > max || !emoji.test(segment)) return false;
  }
  return seen > 0;
}
