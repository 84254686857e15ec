/** Pictures in WeChat's own way: its album and camera, and its upload, by its JS-SDK. */
import type { Client, Failure, Picture } from "../client/api.ts";
import { type JSConfig, parseJSConfig } from "../protocol/wechat.ts";
import { fileOf } from "./base64.ts";

/** The calls of the JS-SDK that are used here, as WeChat documents them. */
export type WeChatSDK = {
  config(options: {
    debug: boolean;
    appId: string;
    timestamp: number;
    nonceStr: string;
    signature: string;
    jsApiList: readonly string[];
  }): void;
  ready(callback: () => void): void;
  error(callback: () => void): void;
  chooseImage(options: {
    count: number;
    sizeType: readonly string[];
    sourceType: readonly string[];
    success(result: { localIds: readonly string[] }): void;
    fail(): void;
    cancel(): void;
  }): void;
  getLocalImgData(options: {
    localId: string;
    success(result: { localData: string }): void;
    fail(): void;
  }): void;
  uploadImage(options: {
    localId: string;
    isShowProgressTips: 0 | 1;
    success(result: { serverId: string }): void;
    fail(): void;
  }): void;
};

export type WeChatPictures = {
  /** Opens WeChat's album and camera, and says so. When that has failed once it does not. */
  pick(room: number, onPick: (files: readonly File[]) => void): boolean;
  /** Uploads one that was chosen to WeChat, one after the other; undefined for another, or when it fails. */
  upload(file: Blob): Promise<string | undefined>;
  /** Prepares one by `plain`, and has WeChat take it as well if it comes from there. */
  prepare(file: Blob, plain: Prepare): Promise<Picture | Failure>;
};

/** Makes a picture ready to be sent. */
type Prepare = (file: Blob) => Promise<Picture | Failure>;

/** How long WeChat may take to get ready, and for one upload. After that it is done without. */
const readyWithin = 8_000;
const uploadWithin = 60_000;
const readWithin = 15_000;

const used = ["chooseImage", "uploadImage", "getLocalImgData"];

/**
 * WeChat's way for a page whose SDK is at `js`; undefined where it does not work. On iOS WeChat checks the address that
 * was loaded first, `loadedAt`, wherever the page has gone since; elsewhere the one where it is.
 */
export function weChatPictures(
  client: Client,
  js: string,
  loadedAt: string,
): Promise<WeChatPictures | undefined> {
  const url = /iP(hone|ad|od)/.test(navigator.userAgent) ? loadedAt : location.href;
  const sign = (page: string): Promise<JSConfig | Failure> =>
    client.ask(
      { method: "GET", path: `/v1/wechat/js-config?url=${encodeURIComponent(page)}` },
      parseJSConfig,
    );
  return openWeChat(loadSDK(js), sign, url);
}

/** Gets the SDK ready for the page at `url`, which is the one that was loaded first; undefined if it does not. */
export async function openWeChat(
  load: () => Promise<WeChatSDK>,
  configFor: (url: string) => Promise<JSConfig | Failure>,
  url: string,
): Promise<WeChatPictures | undefined> {
  const [page = url] = url.split("#");
  const [config, sdk] = await Promise.all([configFor(page), inTime(load(), readyWithin)]).catch(() => []);
  if (config === undefined || sdk === undefined || "code" in config) return undefined;
  const { app_id: appId, timestamp, nonce_str: nonceStr, signature } = config;
  const ready = new Promise<boolean>((resolve) => {
    sdk.ready(() => resolve(true));
    sdk.error(() => resolve(false));
  });
  sdk.config({ debug: false, appId, timestamp, nonceStr, signature, jsApiList: used });
  return (await inTime(ready, readyWithin)) === true ? pictures(sdk) : undefined;
}

function pictures(sdk: WeChatSDK): WeChatPictures {
  const chosen = new WeakMap<Blob, string>();
  let last: Promise<unknown> = Promise.resolve();
  const uploadOne = (localId: string): Promise<string | undefined> =>
    inTime(
      new Promise<string | undefined>((resolve) => {
        sdk.uploadImage({
          localId,
          isShowProgressTips: 0,
          success: (result) => resolve(result.serverId),
          fail: () => resolve(undefined),
        });
      }),
      uploadWithin,
    );
  const upload = (file: Blob): Promise<string | undefined> => {
    const localId = chosen.get(file);
    if (localId === undefined) return Promise.resolve(undefined);
    const next = last.then(() => uploadOne(localId)); // WeChat takes one at a time
    last = next;
    return next;
  };
  /** undefined when it cannot be opened, or nothing that was chosen can be read. */
  const choose = async (room: number): Promise<readonly File[] | undefined> => {
    const ids = await new Promise<readonly string[] | undefined>((resolve) => {
      sdk.chooseImage({
        count: Math.min(9, room),
        sizeType: ["original", "compressed"],
        sourceType: ["album", "camera"],
        success: (result) => resolve(result.localIds),
        fail: () => resolve(undefined),
        cancel: () => resolve([]),
      });
    });
    if (ids === undefined) return undefined;
    const files: File[] = [];
    for (const localId of ids) {
      const file = await inTime(read(sdk, localId), readWithin);
      if (file === undefined) continue; // what cannot be shown cannot be checked by who sends it
      chosen.set(file, localId);
      files.push(file);
    }
    return files.length === 0 && ids.length > 0 ? undefined : files;
  };
  let failed = false;
  return {
    upload,
    prepare: async (file, plain) => {
      const picture = await plain(file);
      if ("code" in picture) return picture;
      const media = await upload(file);
      return media === undefined ? picture : { ...picture, media };
    },
    pick: (room, onPick) => {
      if (failed) return false;
      void choose(room).then((files) => {
        if (files === undefined) failed = true;
        else onPick(files);
      });
      return true;
    },
  };
}

/** Reads a chosen picture. iOS answers with a data URL of a type of its own, Android with bare base64. */
function read(sdk: WeChatSDK, localId: string): Promise<File | undefined> {
  return new Promise((resolve) => {
    sdk.getLocalImgData({
      localId,
      success: ({ localData }) => resolve(fileOf(localData)),
      fail: () => resolve(undefined),
    });
  });
}

/** What `work` comes to, undefined if that takes longer than `ms` or fails. */
function inTime<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    const end = (value: T | undefined): void => {
      clearTimeout(timer);
      resolve(value);
    };
    work.then(end, () => end(undefined));
  });
}

/** Loads the SDK's script into the page. */
export function loadSDK(src: string): () => Promise<WeChatSDK> {
  return () =>
    new Promise((resolve, reject) => {
      const sdk = (): WeChatSDK | undefined => (globalThis as { wx?: WeChatSDK }).wx;
      const there = sdk();
      if (there !== undefined) return resolve(there);
      const script = document.createElement("script");
      script.src = src;
      script.onload = () => {
        const wx = sdk();
        if (wx === undefined) reject(new Error("the script is not the SDK"));
        else resolve(wx);
      };
      script.onerror = () => reject(new Error("the script did not load"));
      document.head.append(script);
    });
}
