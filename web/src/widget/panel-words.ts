/** What the panel around the chat says. */
import { isChinese } from "./words.ts";

export type PanelWords = { title: string; dismiss: string; loading: string; retry: string; page: string };

const en: PanelWords = {
  title: "Chat",
  dismiss: "Dismiss",
  loading: "Opening the chat…",
  retry: "Try again",
  page: "Open in a new tab",
};

const zhCn: PanelWords = {
  title: "聊天",
  dismiss: "知道了",
  loading: "正在打开聊天…",
  retry: "重试",
  page: "在新标签页打开",
};

export function panelWordsFor(language: string): PanelWords {
  return isChinese(language) ? zhCn : en;
}
