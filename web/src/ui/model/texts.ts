import type { Entry } from "../../client/api.ts";

/** The texts of an entry that holds nothing else and no links, as most do; undefined for all others. */
export function textsOf(entry: Entry): readonly string[] | undefined {
  const texts: string[] = [];
  for (const part of entry.kind === "message" ? entry.message.blocks : entry.pieces) {
    if (part.type !== "text" || part.text.includes("://")) return undefined;
    texts.push(part.text);
  }
  return texts.length === 0 ? undefined : texts;
}
