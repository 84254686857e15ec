import type { Failure } from "../../client/api.ts";
import type { ErrorCode, Words } from "./en.ts";

/** Codes that differ for programs and mean the same to a person. */
const sameAs: Readonly<Record<string, ErrorCode>> = {
  busy: "unavailable",
  canceled: "timeout",
  file_too_large: "upload_too_large",
  flood: "rate_limited",
  frame_too_large: "too_large",
  heartbeat_lost: "network",
  hello_expected: "invalid",
  hello_timeout: "timeout",
  incomplete: "network",
  invalid_agent: "unauthenticated",
  invalid_block: "invalid",
  invalid_cursor: "conflict",
  invalid_form: "invalid",
  invalid_frame: "invalid",
  invalid_json: "invalid",
  invalid_request: "invalid",
  invalid_seq: "invalid",
  invalid_uid: "unauthenticated",
  left: "unauthenticated",
  method_not_allowed: "invalid",
  not_acceptable: "invalid",
  offline: "network",
  protocol_error: "network",
  reset: "conflict",
  shutdown: "unavailable",
  signed_out: "unauthenticated",
  slow_consumer: "network",
  store_busy: "unavailable",
  store_closed: "unavailable",
  store_io: "store_full",
  store_readonly: "store_full",
  token_expired: "unauthenticated",
  token_invalid: "unauthenticated",
  token_missing: "unauthenticated",
  token_revoked: "unauthenticated",
  unsupported_media_type: "unsupported_image",
};

/** What a failure means, in the reader's language. The server's own English sentence is never shown. */
export function failureText(words: Words, failure: Failure): string {
  return words.errors[wordsFor(words, failure.code) ?? "unknown"];
}

/** The key of the words for a code, if there are any. */
export function wordsFor(words: Words, code: string): ErrorCode | undefined {
  if (isErrorCode(words, code)) return code;
  return Object.hasOwn(sameAs, code) ? sameAs[code] : undefined;
}

function isErrorCode(words: Words, code: string): code is ErrorCode {
  return Object.hasOwn(words.errors, code);
}
