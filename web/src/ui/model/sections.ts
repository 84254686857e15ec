/** An entry as it is drawn: runs of text, pictures side by side, products. The same for stored and waiting ones. */
import type { Entry, Piece } from "../../client/api.ts";
import type { Block, Product, ProductCard } from "../../protocol/body.ts";

export type Shot = {
  /** Place among the message's pictures, from 0. */
  index: number;
  file: string | undefined;
  bytes: Blob | undefined;
  width: number;
  height: number;
  preview: string | undefined;
};

export type Section =
  | { kind: "text"; text: string }
  | { kind: "pictures"; shots: readonly Shot[] }
  | { kind: "product"; product: ProductCard | Product }
  | { kind: "unknown" };

type Bare = Omit<Shot, "index">;

/** The sections of an entry; neighbouring pictures stand together. */
export function sectionsOf(entry: Entry): Section[] {
  const sections: Section[] = [];
  let index = 0;
  for (const part of entry.kind === "message" ? entry.message.blocks : entry.pieces) {
    const next = sectionOf(part);
    if (!("shot" in next)) {
      sections.push(next);
      continue;
    }
    const shot: Shot = { ...next.shot, index: index++ };
    const before = sections.at(-1);
    if (before?.kind === "pictures")
      sections.splice(-1, 1, { kind: "pictures", shots: [...before.shots, shot] });
    else sections.push({ kind: "pictures", shots: [shot] });
  }
  return sections;
}

function sectionOf(part: Block | Piece): Exclude<Section, { kind: "pictures" }> | { shot: Bare } {
  switch (part.type) {
    case "text":
      return { kind: "text", text: part.text };
    case "product":
      return { kind: "product", product: part.product };
    case "image":
      return { shot: "image" in part ? stored(part.image) : waiting(part.picture) };
    default:
      return { kind: "unknown" };
  }
}

function stored(image: { file: string; width: number; height: number; preview?: string }): Bare {
  return {
    file: image.file,
    bytes: undefined,
    width: image.width,
    height: image.height,
    preview: image.preview,
  };
}

function waiting(picture: { bytes: Blob; width: number; height: number }): Bare {
  return {
    file: undefined,
    bytes: picture.bytes,
    width: picture.width,
    height: picture.height,
    preview: undefined,
  };
}

/** All the text of an entry, for the clipboard. */
export function textOf(entry: Entry): string {
  return sectionsOf(entry)
    .flatMap((s) => (s.kind === "text" ? [s.text] : []))
    .join("\n");
}

/** The box a single picture gets: its own shape, within bounds, known before it is loaded. */
export function boxOf(
  shot: { width: number; height: number },
  max: { width: number; height: number },
): { width: number; height: number } {
  const width = Math.max(1, shot.width);
  const height = Math.max(1, shot.height);
  const scale = Math.min(1, max.width / width, max.height / height);
  // Very long or flat pictures are cropped rather than drawn as a line.
  return { width: Math.max(72, Math.round(width * scale)), height: Math.max(56, Math.round(height * scale)) };
}
