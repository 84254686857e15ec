/** One line that says what a message holds. */
import type { Piece } from "../../client/api.ts";
import type { Message } from "../../protocol/body.ts";
import { cut, plainLine } from "./plain-line.ts";

/** The words of the user's language for what is not text. */
export type PreviewWords = {
  image(count: number): string;
  product(title: string): string;
  recalled: string;
  unsupported: string;
  notice(code: string): string;
};

/** A message, or one that is still to be sent. */
export type Previewed = { recalled_at?: number; blocks: readonly (Message["blocks"][number] | Piece)[] };

export function previewOf(message: Previewed, words: PreviewWords): string {
  if (message.recalled_at !== undefined && message.recalled_at > 0) return words.recalled;
  const bits: string[] = [];
  const notices = new Set<string>();
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
    if (block.type === "notice") notices.add(words.notice(block.notice.code));
    else if (block.type === "text") bits.push(plainLine(block.text));
    else if (block.type === "product") bits.push(words.product(plainLine(block.product.title)));
    else bits.push(words.unsupported);
  }
  endImages();
  const said = bits.filter((bit) => bit !== "");
  // What people said comes first; what the server says about it only where there is nothing else.
  return cut((said.length > 0 ? said : [...notices]).join(" "));
}
