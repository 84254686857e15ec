/** The seller console's page. */
import "../ui/base.css"; // first: what parts say of themselves wins

import { render } from "preact";
import { createBrowserClient } from "../platform/browser-client.ts";
import "./console.css";
import { startLanguage } from "../ui/i18n/language.ts";
import { startTheme } from "../ui/theme.ts";
import { followViewport } from "../ui/viewport.ts";
import { App } from "./app.tsx";

// Not by a top-level await: what is loaded later needs parts of this file, which would never be done.
async function main(): Promise<void> {
  startTheme();
  followViewport();
  await startLanguage();
  const client = createBrowserClient({ side: "merchant" });
  const root = document.getElementById("app");
  if (root !== null) render(<App client={client} />, root);
  client.start();
}

void main();
