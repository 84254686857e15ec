/** The buyer's app in a frame on a shop's page: what the page tells it, and what it tells the page. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Client, Failure } from "../client/api.ts";
import type { HandedToken, TokenAnswer } from "../client/ports.ts";
import type { TokenGrant } from "../protocol/body.ts";
import { type FromFrame, sealed, unsealed } from "../protocol/embed.ts";
import { withWords } from "../ui/lazy.tsx";
import { buyerNamed, openings, pageProduct } from "./in-frame.ts";
import { route, show } from "./route.ts";

/** How long the shop's page may take to give a token. */
const tokenWithin = 15_000;

export type Embed = {
  /** Says that there is something to be seen. */
  ready(): void;
  handedToken: HandedToken;
  /** The page wants to know when somebody asks to sign in. */
  readonly signin: ReadonlySignal<boolean>;
  signIn(): void;
  close(): void;
  /** Keeps the page told of what is unread, once the code for it is loaded. */
  attend(client: Client): Promise<void>;
};

const silent: Failure = { code: "timeout", message: "no token came" };
const notAToken: Failure = {
  code: "token_invalid",
  message: "no token",
};

/**
 * Speaks with the page at `host`, which has this one in a frame. The browser keeps all others out of it.
 * `again` begins anew, as whoever it is then; `leave` ends a sign-in in this browser first.
 */
export function openEmbed(
  host: string,
  again: () => void = () => location.reload(),
  leave: () => Promise<unknown> = signOutHere,
): Embed {
  const [shown, signin] = [signal(false), signal(false)];
  const tell = (message: FromFrame): void => parent.postMessage(sealed(message), host);
  let waiting: ((answer: TokenAnswer | undefined) => void) | undefined;
  let answered = false;
  let uid: string | undefined;

  const tokenCame = (fields: Record<string, unknown>): void => {
    const answer = read(fields);
    const failed = answer !== undefined && "failed" in answer;
    const named = answer === undefined || "grant" in answer;
    const now = uidOf(answer);
    if (!failed && now !== uid && (waiting === undefined || (answered && named))) {
      // Somebody else came, or somebody left. Nothing of the one before may stay; nor may
      // a cookie of theirs, which would decide once the page names nobody.
      if (answer === undefined) leave().then(again, again);
      else again();
      return;
    }
    if (waiting === undefined) return;
    if (!failed) [answered, uid, buyerNamed.value] = [true, now, now !== undefined];
    waiting(answer);
    waiting = undefined;
  };

  addEventListener("message", ({ origin, source, data }: MessageEvent<unknown>) => {
    if (origin !== host || source !== parent) return;
    const fields = unsealed(data) ?? {};
    switch (fields["type"]) {
      case "token":
        return tokenCame(fields);
      case "product":
        return toProduct(fields["product"]);
      case "shown":
        signin.value = fields["signin"] === true;
        if (fields["shown"] === true && !shown.value) opened();
        shown.value = fields["shown"] === true;
    }
  });
  closeOnEscape(() => tell({ type: "close" }));
  effect(() => {
    // What is not on the screen is nothing that anybody has read, whatever is focused.
    document.documentElement.hidden = !shown.value;
    if (shown.value) requestAnimationFrame(write);
  });

  return {
    ready: () => tell({ type: "ready" }),
    signin,
    signIn: () => tell({ type: "signin" }),
    close: () => tell({ type: "close" }),
    handedToken: () =>
      new Promise((resolve) => {
        waiting = resolve;
        setTimeout(() => {
          if (waiting === resolve) waiting = undefined; // what comes later is nobody's answer
          resolve({ failed: silent });
        }, tokenWithin);
        tell({ type: "token" });
      }),
    attend: async (client) => {
      const [{ attend }] = await Promise.all([
        withWords(() => import("./embed-news.ts")),
        client.loadInbox(),
      ]);
      attend(client, shown, tell);
    },
  };
}

function opened(): void {
  openings.value++;
  if (route.value.kind === "inbox") toProduct(pageProduct.value); // nobody opens it for the list
}

function toProduct(id: unknown): void {
  if (typeof id !== "string") return;
  pageProduct.value = id;
  show({ kind: "product", id });
}

/** Whether it comes to that or not, the page goes on. */
async function signOutHere(): Promise<void> {
  const { signOutHere: signOut } = await import("./sign-out-here.ts");
  await signOut();
}

/** Unless it is for a dialog, or for what composes characters (229 is Safari's way to say so). */
function closeOnEscape(close: () => void): void {
  addEventListener("keydown", ({ key, defaultPrevented, isComposing, keyCode }) => {
    const taken = defaultPrevented || isComposing || keyCode === 229;
    if (key === "Escape" && !taken && document.querySelector("dialog[open]") === null) close();
  });
}

/**
 * Who opened the chat with a mouse wants to write; a touch would bring up the keyboard unasked. A field that comes
 * later looks for itself whether it is wanted.
 */
function write(): void {
  if (matchMedia("(hover: hover)").matches)
    document.querySelector("textarea")?.focus({ preventScroll: true });
}

function uidOf(answer: TokenAnswer | undefined): string | undefined {
  return answer !== undefined && "grant" in answer ? answer.grant.uid : undefined;
}

/** What the page gave, undefined for nothing at all: then cookies decide, where the browser sends any. */
function read({ token, failed }: Record<string, unknown>): TokenAnswer | undefined {
  if (failed === true) return { failed: silent };
  if (typeof token !== "string") return undefined;
  const grant = grantOf(token);
  return grant === undefined ? { signedOut: notAToken } : { grant };
}

/** What a token says of itself (RFC 7519). Whether it is true is for the server to find out. */
export function grantOf(token: string): TokenGrant | undefined {
  try {
    const claims = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    const { sub, exp } = JSON.parse(claims) as Record<string, unknown>;
    if (typeof sub !== "string" || typeof exp !== "number") return undefined;
    return { token, uid: sub, expires_at: exp * 1_000 };
  } catch {
    return undefined;
  }
}
