/** Makes a picture of the user's ready for the outbox. */
import type { Failure, Picture } from "../client/api.ts";
import { writable } from "./base64.ts";

/** What a picture must fit in; a part of `Me.limits`. */
export type PictureLimits = { upload_bytes: number; upload_pixels: number };

/** Longer sides are scaled down to this before upload. */
const longestSide = 2560;
/** Smaller files are left as they are, whatever their sides. */
const small = 300 * 1024;
const quality = 0.85;

const accepted: readonly string[] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

const unsupported: Failure = {
  code: "unsupported_image",
  message: "pictures are JPEG, PNG, GIF or WebP",
};
const tooLarge: Failure = { code: "image_too_large", message: "the picture is too large" };
const broken: Failure = { code: "broken_image", message: "the picture cannot be read" };

/**
 * Reads a file that was picked, pasted or dropped, scales it down if it is large, and tells its size.
 * Failure codes: "unsupported_image", "image_too_large", "broken_image".
 */
export async function preparePicture(file: Blob, limits: PictureLimits): Promise<Picture | Failure> {
  if (!accepted.includes(file.type)) return unsupported;
  if (!(await looksLikePicture(file))) return unsupported;
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file); // upright: orientation is applied
  } catch {
    return broken;
  }
  try {
    const { width, height } = bitmap;
    const target = targetSize(width, height);
    const fits = file.size <= limits.upload_bytes && width * height <= limits.upload_pixels;
    const asIs = file.type === "image/gif" || file.size <= small || target.width === width;
    if (asIs && fits) return { bytes: await writable(file), width, height };
    if (file.type === "image/gif") return tooLarge; // redrawn, it would stand still
    const bytes = await redraw(bitmap, target, file.type === "image/png" ? "image/png" : "image/jpeg");
    if (bytes === undefined || bytes.size > limits.upload_bytes) return tooLarge;
    return { bytes: await writable(bytes), ...target };
  } finally {
    bitmap.close();
  }
}

/** Whether a file begins like a kind that is accepted: its type is only guessed from its name. */
async function looksLikePicture(file: Blob): Promise<boolean> {
  const bytes = new Uint8Array(await file.slice(0, 12).arrayBuffer());
  const head = String.fromCharCode(...bytes);
  return (
    head.startsWith("\xff\xd8\xff") ||
    head.startsWith("\x89PNG\r\n\x1a\n") ||
    /^GIF8[79]a/.test(head) ||
    (head.startsWith("RIFF") && head.endsWith("WEBP"))
  );
}

/** The size to draw at: the same shape, no side longer than allowed. */
export function targetSize(width: number, height: number): { width: number; height: number } {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

async function redraw(
  bitmap: ImageBitmap,
  size: { width: number; height: number },
  type: string,
): Promise<Blob | undefined> {
  const canvas = document.createElement("canvas");
  canvas.width = size.width;
  canvas.height = size.height;
  const context = canvas.getContext("2d");
  if (context === null) return undefined;
  context.imageSmoothingQuality = "high";
  if (type === "image/jpeg") {
    // What is transparent in a WebP would turn black.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, size.width, size.height);
  }
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  return new Promise((resolve) => {
    canvas.toBlob((blob) => resolve(blob ?? undefined), type, quality);
  });
}
