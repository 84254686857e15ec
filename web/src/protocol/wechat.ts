import { number, object, string } from "./parse.ts";

/** What a page inside WeChat hands to `wx.config`. */
export type JSConfig = { app_id: string; timestamp: number; nonce_str: string; signature: string };

export const parseJSConfig = object<JSConfig>({
  app_id: string,
  timestamp: number,
  nonce_str: string,
  signature: string,
});
