/** Finds the web addresses in a text, so that nothing but http and https ever becomes a link. */

export type Part =
  | { kind: "text"; text: string }
  | { kind: "link"; text: string; href: string; host: string };

const address = /\bhttps?:\/\/[^\s<>"'`{}|\\^\u3000-\u303f\uff00-\uffef]+/giu;
const closers: Readonly<Record<string, string>> = { ")": "(", "]": "[" };

/** Cuts a text into plain parts and links; the parts' texts, joined, are the text again. */
export function linkify(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(address)) {
    const shown = withoutTrailingPunctuation(match[0]);
    const link = toLink(shown);
    if (link === undefined) continue;
    if (match.index > from) parts.push({ kind: "text", text: text.slice(from, match.index) });
    parts.push(link);
    from = match.index + shown.length;
  }
  if (from < text.length) parts.push({ kind: "text", text: text.slice(from) });
  return parts;
}

/** A sentence's own full stop or bracket is not part of the address in it. */
function withoutTrailingPunctuation(match: string): string {
  let end = match.length;
  while (end > 0) {
    const last = match.charAt(end - 1);
    const opener = closers[last];
    const unbalanced = opener !== undefined && count(match, last, end) > count(match, opener, end);
    if (!unbalanced && !/[.,;:!?*_~]/u.test(last)) break;
    end--;
  }
  return match.slice(0, end);
}

function count(text: string, char: string, end: number): number {
  let found = 0;
  for (let i = 0; i < end; i++) if (text.charAt(i) === char) found++;
  return found;
}

function toLink(shown: string): Part | undefined {
  try {
    const url = new URL(shown);
    if (
      (url.protocol !== "http:" && url.protocol !== "https:") ||
      url.username !== "" ||
      url.password !== ""
    ) {
      return undefined; // http://bank.example@evil.example only looks like the bank
    }
    // The host as the browser will ask for it: look-alike letters show as punycode.
    return { kind: "link", text: shown, href: url.href, host: url.host };
  } catch {
    return undefined;
  }
}
