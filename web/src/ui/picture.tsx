import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Client } from "../client/api.ts";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";
import { forgetLocalPicture, localPictureUrl } from "./local-pictures.ts";
import type { Shot } from "./model/sections.ts";
import "./picture.css";

export type PictureUrls = Pick<Client, "pictureUrl">;

/** Where a shot can be loaded from now: from this page's memory, else from the server once known. */
export function shotUrl(
  client: PictureUrls,
  key: string,
  shot: Shot,
): { url: string; thumb: string } | undefined {
  const local = localPictureUrl(key, shot.index, shot.bytes);
  if (local !== undefined) return { url: local, thumb: local };
  return shot.file === undefined ? undefined : client.pictureUrl(shot.file).value;
}

export type PictureProps = {
  client: PictureUrls;
  /** Key of the message it is in. */
  of: string;
  shot: Shot;
  /** "grid" fills its cell, a size fixes its box. */
  box: "grid" | { width: number; height: number };
  name: string;
  onOpen(): void;
};

/** A picture in a message. Its box is there before it loads, with a blurred preview in it. */
export function Picture({ client, of, shot, box, name, onOpen }: PictureProps): JSX.Element {
  const where = shotUrl(client, of, shot);
  const [loaded, setLoaded] = useState(false);
  const [broken, setBroken] = useState<string>();
  const preview = usePreview(loaded ? undefined : shot.preview);
  const style =
    box === "grid" ? {} : { inlineSize: `${box.width}px`, aspectRatio: `${box.width} / ${box.height}` };
  const failed = where !== undefined && broken === where.thumb;
  const fail = () => {
    if (where?.thumb.startsWith("blob:")) forgetLocalPicture(of, shot.index);
    setBroken(where?.thumb);
  };
  return (
    <button
      type="button"
      class={`picture${loaded ? " loaded" : ""}`}
      style={preview === undefined ? style : { ...style, backgroundImage: `url("${preview}")` }}
      aria-label={`${words().message.openPicture}: ${name}`}
      onClick={onOpen}
    >
      {where !== undefined && !failed && (
        <img
          src={where.thumb}
          alt={name}
          decoding="async"
          draggable={false}
          onLoad={() => setLoaded(true)}
          onError={fail}
        />
      )}
      {failed && (
        <span class="picture-broken">
          <Icon name="image" />
          <span>{words().message.pictureGone}</span>
        </span>
      )}
    </button>
  );
}

/** A data URL of the ThumbHash, decoded by a chunk that is loaded when the first one is met. */
function usePreview(hash: string | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (hash === undefined) return;
    let wanted = true;
    decodePreview(hash).then(
      (made) => wanted && setUrl(made),
      () => undefined, // a preview that cannot be read is none
    );
    return () => {
      wanted = false;
    };
  }, [hash]);
  return hash === undefined ? undefined : url;
}

async function decodePreview(hash: string): Promise<string> {
  const { thumbHashToDataURL } = await import("thumbhash");
  return thumbHashToDataURL(Uint8Array.from(atob(hash), (c) => c.charCodeAt(0)));
}
