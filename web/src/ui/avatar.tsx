import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Participant } from "../protocol/body.ts";
import "./avatar.css";

/** Only pictures that a browser may fetch by itself; anything else a shop could have sent is left out. */
export function safeImageUrl(url: string | undefined): string | undefined {
  if (url === undefined || url === "") return undefined;
  return /^(?:https?:\/\/|\/(?!\/))/iu.test(url) ? url : undefined;
}

/** The first letter or ideograph of a name. */
export function initial(name: string): string {
  return /[\p{L}\p{N}]/u.exec(name)?.[0].toUpperCase() ?? "•";
}

/** One of eight hues, always the same for the same uid. */
export function hueOf(uid: string): number {
  let hash = 0;
  for (const char of uid) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash % 8;
}

export type AvatarProps = {
  of: Participant | undefined;
  size?: "s" | "m" | "l";
  /** Draws the green dot. What it means is said in words beside the name. */
  online?: boolean;
};

/** The picture of a participant, or a letter where there is none. The name stands beside it, so it is silent. */
export function Avatar({ of, size = "m", online = false }: AvatarProps): JSX.Element {
  const [broken, setBroken] = useState<string>();
  const url = safeImageUrl(of?.avatar);
  const name = of?.name ?? of?.uid ?? "";
  return (
    <span
      class={`avatar avatar-${size}`}
      style={{ background: `var(--hue-${hueOf(of?.uid ?? "")})` }}
      aria-hidden="true"
    >
      {url !== undefined && broken !== url ? (
        <img src={url} alt="" loading="lazy" referrerpolicy="no-referrer" onError={() => setBroken(url)} />
      ) : (
        <span>{initial(name)}</span>
      )}
      {online && <span class="avatar-dot" />}
    </span>
  );
}
