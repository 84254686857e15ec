import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Client } from "../client/api.ts";
import type { WeChatPictures } from "../platform/wechat.ts";
import type { Prepare } from "../ui/use-pictures.ts";

/** The address that was loaded first: that is the one WeChat checks on iOS, wherever the page has gone since. */
const loadedAt = location.href;

/** WeChat's own way to choose pictures, once it is ready; undefined outside WeChat, and where it fails. */
export function useWeChat(client: Client): WeChatPictures | undefined {
  const [pictures, setPictures] = useState<WeChatPictures>();
  const js = client.me.value?.wechat?.js;
  useEffect(() => {
    if (js === undefined || !/MicroMessenger/i.test(navigator.userAgent)) return;
    import("../platform/wechat.ts")
      .then(({ weChatPictures }) => weChatPictures(client, js, loadedAt))
      .then(setPictures, () => undefined); // then there is the device's own chooser
  }, [client, js]);
  return pictures;
}

/**
 * Prepares a picture, and has WeChat take it if it comes from there. Without that it is uploaded as any other.
 * It is the same function for one `prepare`, so that what was picked before WeChat was ready stays.
 */
export function useWithWeChat(prepare: Prepare, weChat: WeChatPictures | undefined): Prepare {
  const now = useRef(weChat);
  now.current = weChat;
  return useCallback((file) => now.current?.prepare(file, prepare) ?? prepare(file), [prepare]);
}
