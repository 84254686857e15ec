import type { Message } from "../../protocol/body.ts";
import type { ConsoleWords } from "../i18n/en.ts";

/** Who of the shop's side said something, as stands before it: oneself, a colleague, or the shop by itself. */
export function whoSaid(
  { agent, agent_name: name, auto }: Message,
  me: string | undefined,
  { list }: ConsoleWords,
): string {
  if (auto !== undefined) return list.automatic;
  return agent === me || name === undefined || name === "" ? list.you : list.colleague(name);
}
