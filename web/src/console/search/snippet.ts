/** The part of a message that holds what was searched for, with what to mark in it. */

export type Bit = { text: string; hit: boolean };

/** So many characters stand before the first hit, at most: the row shows one line. */
const before = 12;
const longest = 160;

/**
 * Cuts `text` to one line around the first hit of `query`. Words between spaces are looked for one by one, letter
 * case aside, as the server does; where it found one by other rules (full width, say), nothing is marked.
 */
export function snippetOf(text: string, query: string): readonly Bit[] {
  const line = text.replace(/\s+/gu, " ").trim();
  const hits = hitsIn(line, query);
  const first = hits[0]?.from ?? 0;
  const from = first > before ? startOfWord(line, first - before) : 0;
  const to = Math.min(line.length, from + longest);
  const bits: Bit[] = from > 0 ? [{ text: "…", hit: false }] : [];
  let at = from;
  for (const hit of hits) {
    if (hit.from < at || hit.to > to) continue;
    if (hit.from > at) bits.push({ text: line.slice(at, hit.from), hit: false });
    bits.push({ text: line.slice(hit.from, hit.to), hit: true });
    at = hit.to;
  }
  if (at < to) bits.push({ text: line.slice(at, to), hit: false });
  return bits;
}

type Hit = { from: number; to: number };

function hitsIn(line: string, query: string): readonly Hit[] {
  const words = query.split(/\s+/u).filter((word) => word !== "");
  if (words.length === 0) return [];
  const pattern = words
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|]/gu, "\\$&"))
    .join("|");
  return [...line.matchAll(new RegExp(pattern, "giu"))].map((match) => ({
    from: match.index,
    to: match.index + match[0].length,
  }));
}

/** The nearest beginning of a word at or after `at`, and never inside of a character. */
function startOfWord(line: string, at: number): number {
  const space = line.indexOf(" ", at);
  if (space >= 0 && space < at + before) return space + 1;
  const code = line.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at;
}
