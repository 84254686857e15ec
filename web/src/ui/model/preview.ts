/** One line that says what a message holds. */
import type { Message } from "../../protocol/body.ts";

/** The words of the user's language for what is not text. */
export type PreviewWords = {
  image(count: number): string;
  product(title: string): string;
  recalled: string;
  unsupported: string;
};

/** A list draws one line: what would never be seen need not reach it. */
const MAX_CHARS = 160;

export function previewOf(message: Message, words: PreviewWords): string {
  if (message.recalled_at !== undefined && message.recalled_at > 0) return words.recalled;
  const bits: string[] = [];
  let images = 0;
  const endImages = () => {
    if (images > 0) bits.push(words.image(images));
    images = 0;
  };
  for (const block of message.blocks) {
    if (block.type === "image") {
      images++;
      continue;
    }
    endImages();
    if (block.type === "text") bits.push(oneLine(block.text));
    else if (block.type === "product") bits.push(words.product(oneLine(block.product.title)));
    else bits.push(words.unsupported);
  }
  endImages();
  return cut(bits.filter((bit) => bit !== "").join(" "));
}

function oneLine(text: string): string {
  return text
    .slice(0, MAX_CHARS * 4)
    .replace(/\s+/gu, " ")
    .trim();
}

/** Cuts between characters, never through the middle of an emoji's code point. */
function cut(text: string): string {
  if (text.length <= MAX_CHARS) return text;
  return `${[...text.slice(0, MAX_CHARS * 2)].slice(0, MAX_CHARS).join("")}…`;
}
