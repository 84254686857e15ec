/** The seller console's page. */
import "../ui/base.css"; // first: what parts say of themselves wins
import "../ui/field.css";

import { render } from "preact";
import { LiveInbox } from "../client/inbox.ts";
import { createBrowserClient } from "../platform/browser-client.ts";
import "./console.css";
import { staysWhenDropped } from "../ui/dropped-files.ts";
import { speakOfFailures } from "../ui/i18n/failure-text.ts";
import { language, loadWords, startLanguage } from "../ui/i18n/language.ts";
import { later } from "../ui/later.ts";
import { followDays } from "../ui/midnight.ts";
import { startTheme } from "../ui/theme.ts";
import { followViewport } from "../ui/viewport.ts";
import { App } from "./app.tsx";

// Not by a top-level await: what is loaded later needs parts of this file, which would never be done.
async function main(): Promise<void> {
  startTheme();
  followViewport();
  followDays();
  staysWhenDropped();
  await startLanguage();
  await loadWords();
  const client = createBrowserClient({ side: "merchant", Inbox: LiveInbox });
  later(() => client.loadSender());
  later(() => speakOfFailures(language.peek()));
  const root = document.getElementById("app");
  root?.replaceChildren(); // without what the page itself said meanwhile
  if (root !== null) render(<App client={client} />, root);
  client.start();
}

void main();
