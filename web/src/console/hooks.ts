import { useEffect, useLayoutEffect } from "preact/hooks";
import type { Presence } from "../client/api.ts";
import { useDesk } from "./desk.ts";

/** The presence of a uid, watched for as long as the component shows it. */
export function usePresence(uid: string | undefined): Presence {
  const { client, watching } = useDesk();
  useEffect(() => (uid === undefined ? undefined : watching.hold(uid)), [uid, watching]);
  return uid === undefined ? "unknown" : client.presence(uid).value;
}

/**
 * What has the focus within `of` keeps it when a draw puts it elsewhere there: a browser lets go of what is moved.
 * To be called by the component that draws what moves.
 */
export function useHeldFocus(of: { readonly current: HTMLElement | null }): void {
  const { activeElement } = document;
  const held = of.current?.contains(activeElement) === true ? activeElement : null;
  useLayoutEffect(() => {
    if (held instanceof HTMLElement && held.isConnected && document.activeElement === document.body)
      held.focus({ preventScroll: true });
  });
}
