import type { Message } from "../protocol/body.ts";
import type { Words } from "../ui/i18n/en.ts";

/** A message in one line, for the list of conversations. */
export function previewOf(words: Words, message: Message, mine: boolean): string {
  const text = words.inbox;
  if (message.recalled_at !== undefined) return text.recalled;
  const said = message.blocks.map((block) => {
    switch (block.type) {
      case "text":
        return block.text;
      case "image":
        return text.picture;
      case "product":
        return `${text.product} ${block.product.title}`;
      default:
        return words.message.unsupported;
    }
  });
  return (mine ? text.youPrefix : "") + said.join(" ").replaceAll(/\s+/gu, " ").slice(0, 200);
}
