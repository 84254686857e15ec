import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { embedVersion } from "../protocol/embed.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { failureText } from "../ui/i18n/failure-text.ts";
import { words } from "../ui/i18n/language.ts";
import { Icon } from "../ui/icon.tsx";
import type { Embed } from "./embed.ts";

/** Not imported: what two parts share is a file of its own, and a frame would load that before anything shows. */
const version: typeof embedVersion = 1;

/** Who is signed out reads why and what to do. Where guests are let in, the core has made one already. */
export function SignedOut({ code, embed }: { code: string; embed: Embed | undefined }): JSX.Element {
  const text = words().page;
  const shop = shopPage(document.referrer, location.href);
  const framed = embed !== undefined;
  useEffect(() => (framed ? onFreshToken(() => location.reload()) : undefined), [framed]);
  return (
    <main class="app-page">
      <EmptyState icon={<Icon name="user" />} title={text.signedOutTitle} body={reason(code)}>
        {embed?.signin.value === true && (
          <button type="button" class="button primary" onClick={embed.signIn}>
            {text.signIn}
          </button>
        )}
        {code === "cookies_blocked" && (
          <a class="button primary" href={ownPage(location.href)} target="_blank" rel="noopener">
            {text.toTab}
          </a>
        )}
        {embed === undefined && shop !== undefined && (
          <a class="button primary" href={shop}>
            {text.toShop}
          </a>
        )}
        <button
          type="button"
          class={embed === undefined && shop === undefined ? "button primary" : "button"}
          onClick={() => location.reload()}
        >
          {words().app.reload}
        </button>
      </EmptyState>
    </main>
  );
}

/**
 * Calls `again` when the page around this one gives a token unasked, as after its own sign-in; of another buyer the
 * frame itself hears. Each token begins anew once: who is still signed out with it waits for another.
 */
export function onFreshToken(again: () => void): () => void {
  const page = new URLSearchParams(location.search).get("embed") ?? "";
  const host = URL.canParse(page) ? new URL(page).origin : undefined;
  const came = ({ origin, source, data }: MessageEvent<unknown>): void => {
    if (origin !== host || source !== parent || typeof data !== "object" || data === null) return;
    const { haggle, type, token } = data as Record<string, unknown>;
    if (haggle !== version || type !== "token" || typeof token !== "string") return;
    if (!triedWith(token)) again();
  };
  addEventListener("message", came);
  return () => removeEventListener("message", came);
}

/** Whether this tab has begun anew with this token before; of which nothing is kept that would be worth stealing. */
function triedWith(token: string): boolean {
  const [key, mark] = ["haggle.tried", token.slice(-8)];
  try {
    const tried = sessionStorage.getItem(key) === mark;
    sessionStorage.setItem(key, mark);
    return tried;
  } catch {
    return false; // storage may be forbidden
  }
}

/** Most are signed out by time; where there is more to say, it is said. */
function reason(code: string): string {
  const text = words();
  if (["keys_unavailable", "denied", "another_user", "cookies_blocked"].includes(code))
    return failureText(text, { code, message: "" });
  return text.page.signedOutBody;
}

/** The page of the shop that one came from, if it was one. */
export function shopPage(referrer: string, here: string): string | undefined {
  if (!URL.canParse(referrer)) return undefined;
  const [from, at] = [new URL(referrer), new URL(here)];
  const web = from.protocol === "http:" || from.protocol === "https:";
  const self = from.origin === at.origin && from.pathname === at.pathname;
  return web && !self ? from.href : undefined;
}

/** This page by itself, in no frame. */
export function ownPage(here: string): string {
  const page = new URL(here);
  page.searchParams.delete("embed");
  return page.href;
}
