/** Makes a picture of the user's ready for the outbox. */
import type { Failure, Picture } from "../client/api.ts";

/** What a picture must fit in; a part of `Me.limits`. */
export type PictureLimits = { upload_bytes: number; upload_pixels: number };

/**
 * Reads a file that was picked, pasted or dropped, scales it down if it is large, and tells its size.
 * Failure codes: "unsupported_image", "image_too_large", "broken_image".
 */
export async function preparePicture(file: Blob, limits: PictureLimits): Promise<Picture | Failure> {
  void file;
  void limits;
  return { code: "unsupported_image", message: "not built yet" };
}
