import "../ui/base.css"; // first: what parts say of themselves wins

import { render } from "preact";
import { createBrowserClient } from "../platform/browser-client.ts";
import { Boundary } from "../ui/boundary.tsx";
import { staysWhenDropped } from "../ui/dropped-files.ts";
import { startLanguage } from "../ui/i18n/language.ts";
import { later } from "../ui/later.ts";
import { withWords } from "../ui/lazy.tsx";
import { startTheme } from "../ui/theme.ts";
import { followViewport } from "../ui/viewport.ts";
import { App } from "./app.tsx";
import { hostOf, startRoute } from "./route.ts";
import "./buyer.css";

async function main(): Promise<void> {
  const root = document.querySelector("#app");
  if (root === null) return;
  startTheme();
  const host = hostOf(location.search, parent !== window);
  startRoute(host !== undefined);
  followViewport();
  staysWhenDropped();
  const embed = host === undefined ? undefined : (await import("./embed.ts")).openEmbed(host);
  const client = createBrowserClient({ side: "buyer", handedToken: embed?.handedToken });
  later(() => client.loadSender());
  later(() => client.loadInbox());
  later(async () => (await withWords(() => import("./afterwards.ts"))).follow(client));
  if (embed !== undefined) later(() => embed.attend(client));
  client.start(); // before the words are there: the first answer is then on its way
  await startLanguage();
  root.replaceChildren(); // without what the page itself said meanwhile
  render(
    <Boundary>
      <App client={client} embed={embed} />
    </Boundary>,
    root,
  );
  embed?.ready();
}

void main();
