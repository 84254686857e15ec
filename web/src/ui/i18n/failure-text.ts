import type { Failure } from "../../client/api.ts";
import type { ErrorCode, Words } from "./en.ts";

/** What a failure means, in the reader's language. The server's own English sentence is never shown. */
export function failureText(words: Words, failure: Failure): string {
  return words.errors[isErrorCode(words, failure.code) ? failure.code : "unknown"];
}

function isErrorCode(words: Words, code: string): code is ErrorCode {
  return Object.hasOwn(words.errors, code);
}
