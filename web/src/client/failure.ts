import type { WireError } from "../protocol/body.ts";
import { parseWireError } from "../protocol/body.ts";
import { attempt, members } from "../protocol/parse.ts";
import type { Failure } from "./api.ts";
import type { HttpResponse } from "./ports.ts";

/** Codes of failures that the client itself finds. */
export const offline: Failure = { code: "offline", message: "the server cannot be reached" };
export const timeout: Failure = { code: "timeout", message: "the server did not answer in time" };

export function isFailure(value: object | undefined): value is Failure {
  return value !== undefined && "code" in value && "message" in value;
}

export function fromWire(error: WireError): Failure {
  return {
    code: error.code,
    message: error.message,
    ...(error.retry_after_ms !== undefined && { retryAfterMs: error.retry_after_ms }),
    ...(error.request_id !== undefined && { requestId: error.request_id }),
  };
}

/** The failure that an HTTP answer tells of; one that did not come from our server is "unavailable". */
export function fromResponse(response: HttpResponse): Failure {
  const error = attempt((body) => parseWireError(members(body)["error"]), response.body);
  if (error !== undefined) return fromWire(error);
  return { code: "unavailable", message: `the server answered with status ${response.status}` };
}

const passing = new Set(["offline", "timeout", "rate_limited", "unavailable", "busy"]);
const ours = new Set(["internal", "canceled", "cancelled", "outcome_unknown"]);

/**
 * Says whether trying again by itself makes sense: "always", for "some" time, or "never", as the same
 * request will be refused again.
 */
export function worthRetrying(failure: Failure): "always" | "some" | "never" {
  const { code } = failure;
  if (passing.has(code) || isAboutToken(code) || failure.retryAfterMs !== undefined) return "always";
  if (ours.has(code) || code.startsWith("store_") || code.startsWith("keys_")) return "some";
  return "never";
}

/** Whether a fresh token may help. */
export function isAboutToken(code: string): boolean {
  return code.startsWith("token_") || code === "unauthenticated";
}
