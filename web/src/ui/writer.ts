import type { Entry } from "../client/api.ts";
import type { Participant } from "../protocol/body.ts";
import { firstWords } from "./i18n/language.ts";

/** Who wrote an entry, in words. */
export function writerName(entry: Entry, peer: Participant | undefined): string {
  const { you, seller } = firstWords().app;
  if (entry.kind === "outgoing") return you;
  const { agent_name: agent } = entry.message;
  if (entry.mine) return agent ?? you;
  return peer?.name ?? agent ?? seller;
}
