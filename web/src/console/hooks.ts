import { useEffect } from "preact/hooks";
import type { Presence } from "../client/api.ts";
import { useDesk } from "./desk.ts";

/** The presence of a uid, watched for as long as the component shows it. */
export function usePresence(uid: string | undefined): Presence {
  const { client, watching } = useDesk();
  useEffect(() => (uid === undefined ? undefined : watching.hold(uid)), [uid, watching]);
  return uid === undefined ? "unknown" : client.presence(uid).value;
}
