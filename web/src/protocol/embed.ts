/**
 * What a shop's page and the chat in a frame on it say to each other by `postMessage`: objects that carry the
 * version of this schema beside their type. Each end knows the other's exact origin and window.
 */

export const embedVersion = 1;

/** From the shop's page to the chat. */
export type ToFrame =
  /** The buyer's token, asked for or new. null: the page has none to give. failed: not now. */
  | { type: "token"; token: string | null; failed?: boolean }
  | { type: "product"; product: string }
  /** Whether the chat is on the screen; `signin`: the page wants to know when somebody asks to sign in. */
  | { type: "shown"; shown: boolean; signin: boolean };

/** From the chat to the shop's page. */
export type FromFrame =
  | { type: "ready" }
  /** Wants a token: the first one, or another. */
  | { type: "token" }
  /** `talking`: the buyer has conversations here. `peek`: what has just come. */
  | { type: "unread"; count: number; talking: boolean; peek?: { name: string; text: string } }
  /** Something of the shop's own, from its backend or its PHP. */
  | { type: "push"; payload: unknown }
  | { type: "close" }
  | { type: "signin" };

/** A message as it goes over. */
export function sealed<T extends ToFrame | FromFrame>(message: T): T & { haggle: number } {
  return { haggle: embedVersion, ...message };
}

/** What came from the other end, undefined for what is none of ours. Its fields are still to be looked at. */
export function unsealed(data: unknown): Record<string, unknown> | undefined {
  const fields = typeof data === "object" && data !== null ? (data as Record<string, unknown>) : {};
  return fields["haggle"] === embedVersion ? fields : undefined;
}
