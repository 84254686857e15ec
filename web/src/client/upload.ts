import { type File, parseFile } from "../protocol/file.ts";
import type { Failure, Picture } from "./api.ts";
import { isFailure } from "./failure.ts";
import type { HttpResponse, Sending } from "./ports.ts";
import type { Rest } from "./rest.ts";

export type UploadedFile = { result: Promise<File | Failure>; cancel(): void };

/** Uploads under `key`; the same key again answers with the same file. It never rejects. */
export function uploadPicture(
  { rest, sending }: { rest: Rest; sending: Sending },
  key: string,
  { bytes, media }: Picture,
  progress: (share: number) => void,
): UploadedFile {
  let cancel = (): void => undefined;
  let cancelled = false;
  const name = encodeURIComponent(key);
  const fromWeChat = async (): Promise<File | Failure> => {
    const json = { media_id: media };
    const file = await rest.ask({ method: "PUT", path: `/v1/wechat/files/${name}`, json }, parseFile);
    // Nothing was stored under the key then, so that the bytes can be.
    return isFailure(file) && /^(wechat_|not_found)/.test(file.code) ? fromHere() : file;
  };
  const fromHere = (): Promise<File | Failure> => rest.authorized(once, parseFile);
  const once = (token: string): Promise<HttpResponse> => {
    if (cancelled) return Promise.reject(new Error("cancelled"));
    const underWay = sending.upload({ path: `/v1/files/${name}`, token, bytes, progress });
    cancel = underWay.cancel;
    return underWay.response;
  };
  return {
    result: media === undefined ? fromHere() : fromWeChat(),
    cancel: () => {
      cancelled = true;
      cancel();
    },
  };
}
