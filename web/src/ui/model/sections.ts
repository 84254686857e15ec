/** An entry as it is drawn: runs of text, pictures side by side, products, notices. The same for stored and waiting ones. */
import type { Entry, Piece } from "../../client/api.ts";
import type { Block, Notice, Product, ProductCard } from "../../protocol/body.ts";

export type Shot = {
  /** Place among the message's pictures, from 0. */
  index: number;
  file: string | undefined;
  bytes: Blob | undefined;
  width: number;
  height: number;
  preview: string | undefined;
};

/** A piece of what somebody said. */
export type Said =
  | { kind: "text"; text: string }
  | { kind: "pictures"; shots: readonly Shot[] }
  | { kind: "product"; product: ProductCard | Product }
  | { kind: "unknown" };

/** What the server says about it. */
type Remark = { kind: "notice"; notice: Notice };

export type Section = Said | Remark;

/** What stands together in a bubble, or outside of any. */
export type Part = { kind: "bubble"; sections: readonly Said[] } | Remark;

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
    case "notice":
      return { kind: "notice", notice: part.notice };
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

/** Parts what people said from what the server says about it, each where it stands. */
export function partsOf(entry: Entry): Part[] {
  const parts: Part[] = [];
  for (const section of sectionsOf(entry)) {
    const before = parts.at(-1);
    if (section.kind === "notice") parts.push(section);
    else if (before?.kind === "bubble")
      parts.splice(-1, 1, { kind: "bubble", sections: [...before.sections, section] });
    else parts.push({ kind: "bubble", sections: [section] });
  }
  return parts;
}

/** All that was said in an entry, for the clipboard; the server's notices are nobody's words. */
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
