import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openWeChat, type WeChatPictures, type WeChatSDK } from "./wechat.ts";

const png = "iVBORw0KGgoAAAANSUhEUg==";
const jpeg = btoa("\xff\xd8\xff\xe0rest");

function picked(opened: WeChatPictures | undefined, room: number): Promise<readonly File[]> {
  return new Promise((resolve) => opened?.pick(room, resolve));
}

/** The SDK, as a test wants it to behave. */
class FakeSDK implements WeChatSDK {
  configured: unknown;
  asked: { count: number; sizeType: readonly string[]; sourceType: readonly string[] } | undefined;
  uploading = 0;
  most = 0;
  data: Record<string, string> = { a: png, b: `data:image/jgp;base64,${jpeg}` };
  chosen: readonly string[] | "fail" | "cancel" = ["a", "b"];
  fits = true;
  silent = false;
  private onReady: () => void = () => undefined;
  private onError: () => void = () => undefined;

  ready(callback: () => void): void {
    this.onReady = callback;
  }
  error(callback: () => void): void {
    this.onError = callback;
  }
  config(options: unknown): void {
    this.configured = options;
    if (!this.silent) (this.fits ? this.onReady : this.onError)();
  }
  chooseImage(options: Parameters<WeChatSDK["chooseImage"]>[0]): void {
    this.asked = options;
    if (this.chosen === "fail") options.fail();
    else if (this.chosen === "cancel") options.cancel();
    else options.success({ localIds: this.chosen });
  }
  getLocalImgData(options: Parameters<WeChatSDK["getLocalImgData"]>[0]): void {
    options.success({ localData: this.data[options.localId] ?? "" });
  }
  uploadImage(options: Parameters<WeChatSDK["uploadImage"]>[0]): void {
    this.most = Math.max(this.most, ++this.uploading);
    setTimeout(() => {
      this.uploading--;
      if (options.localId === "b") options.fail();
      else options.success({ serverId: `server-${options.localId}` });
    }, 100);
  }
}

const config = { app_id: "wx1", timestamp: 5, nonce_str: "n", signature: "s" };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("pictures in WeChat's own way", () => {
  test("the page that was loaded is signed for, without its fragment", async () => {
    const sdk = new FakeSDK();
    const asked: string[] = [];
    const configFor = async (url: string) => {
      asked.push(url);
      return config;
    };
    const opened = await openWeChat(async () => sdk, configFor, "https://chat.example/chat?product=1#/x");
    expect(opened).toBeDefined();
    expect(asked).toEqual(["https://chat.example/chat?product=1"]);
    expect(sdk.configured).toMatchObject({ appId: "wx1", timestamp: 5, nonceStr: "n", signature: "s" });
    expect(sdk.configured).toMatchObject({ jsApiList: ["chooseImage", "uploadImage", "getLocalImgData"] });
  });

  test("chosen ones are files to look at, and WeChat takes them one after the other", async () => {
    const sdk = new FakeSDK();
    const opened = await openWeChat(
      async () => sdk,
      async () => config,
      "https://chat.example/chat",
    );
    const files = await picked(opened, 4);
    expect(files?.map(({ type }) => type)).toEqual(["image/png", "image/jpeg"]);
    expect(sdk.asked).toMatchObject({
      count: 4,
      sizeType: ["original", "compressed"],
      sourceType: ["album", "camera"],
    });
    const uploads = files?.map((file) => opened?.upload(file)) ?? [];
    await vi.advanceTimersByTimeAsync(1_000);
    // The second one failed: it will be uploaded as any other picture.
    expect(await Promise.all(uploads)).toEqual(["server-a", undefined]);
    expect(sdk.most).toBe(1);
    expect(await opened?.upload(new Blob())).toBeUndefined();
    await picked(opened, 20);
    expect(sdk.asked?.count).toBe(9);
  });

  test("cancelling is choosing nothing, failing is asking for another way", async () => {
    const sdk = new FakeSDK();
    const opened = await openWeChat(
      async () => sdk,
      async () => config,
      "https://chat.example/chat",
    );
    sdk.chosen = "cancel";
    expect(await picked(opened, 9)).toEqual([]);
    sdk.chosen = ["a", "unreadable"];
    expect(await picked(opened, 9)).toHaveLength(1);
    sdk.chosen = "fail";
    const onPick = vi.fn();
    expect(opened?.pick(9, onPick)).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onPick).not.toHaveBeenCalled();
    expect(opened?.pick(9, onPick)).toBe(false);
  });

  test.each([
    ["the script does not load", { load: async () => Promise.reject(new Error("no")) }],
    ["the script never comes", { load: () => new Promise<never>(() => undefined) }],
    ["the server does not sign", { configFor: async () => ({ code: "wechat_unavailable", message: "no" }) }],
    ["WeChat does not accept the signature", { sdk: { fits: false } }],
    ["WeChat says nothing", { sdk: { silent: true } }],
  ])("when %s there is the device's own way", async (_, how) => {
    const sdk = Object.assign(new FakeSDK(), "sdk" in how ? how.sdk : {});
    const load = "load" in how ? how.load : async () => sdk;
    const configFor = "configFor" in how ? how.configFor : async () => config;
    const opening = openWeChat(load, configFor, "https://chat.example/chat");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await opening).toBeUndefined();
  });
});
