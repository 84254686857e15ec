import type { Failure } from "../../client/api.ts";

/** Refusals of what a message is: as it is, it never passes, whenever and however often it is sent. */
const final = new Set([
  "unknown_block",
  "invalid_text",
  "invalid_nonce",
  "nonce_reused",
  "invalid_product",
  "empty_message",
  "text_too_long",
  "too_many_blocks",
  "too_many_images",
  "too_large",
  "frame_too_large",
  "upload_too_large",
  "file_too_large",
  "image_too_large",
  "broken_image",
  "unsupported_image",
  "unsupported_media_type",
  "file_not_yours",
  "wrong_merchant",
]);

/** Whether a message that was not sent may be taken if it is sent once more. */
export function mayPass(failure: Failure | undefined): boolean {
  return failure === undefined || !final.has(failure.code);
}
