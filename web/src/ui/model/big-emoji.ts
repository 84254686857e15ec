const pictograph = /^(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\ufe0f?)$/v;

/** Whether a text is nothing but one to `max` emoji: such messages are drawn large. */
export function isBigEmoji(text: string, max = 3): boolean {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > 64) return false;
  let seen = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(trimmed)) {
    if (/^\s+$/u.test(segment)) continue;
    seen++;
    if (seen > max || !pictograph.test(segment)) return false;
  }
  return seen > 0;
}
