import type { JSX } from "preact";
import { EmptyState } from "../ui/empty-state.tsx";
import { failureText } from "../ui/i18n/failure-text.ts";
import { words } from "../ui/i18n/language.ts";
import { Icon } from "../ui/icon.tsx";
import type { Embed } from "./embed.ts";

/** Who is signed out reads why and what to do. Where guests are let in, the core has made one already. */
export function SignedOut({ code, embed }: { code: string; embed: Embed | undefined }): JSX.Element {
  const text = words().page;
  const shop = shopPage(document.referrer, location.href);
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
