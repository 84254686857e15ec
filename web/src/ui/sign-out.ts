import type { Client } from "../client/api.ts";
import { failureText } from "./i18n/failure-text.ts";
import { words } from "./i18n/language.ts";
import { showToast } from "./toast.tsx";

/** Signs out and then has `forget` drop what the app itself kept; or says why that did not work. */
export async function signOut(client: Client, forget: () => void): Promise<void> {
  const failure = await client.signOut();
  if (failure === undefined) forget();
  else showToast(failureText(words(), failure));
}
