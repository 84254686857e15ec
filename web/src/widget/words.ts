/** What the button says. */
export type Words = {
  open: string;
  close: string;
  unread(count: number): string;
  failed: string;
};

const en: Words = {
  open: "Chat with the seller",
  close: "Close the chat",
  unread: (count) => (count === 1 ? "1 new message" : `${count} new messages`),
  failed: "The chat cannot be reached just now.",
};

const zhCn: Words = {
  open: "联系卖家",
  close: "关闭聊天",
  unread: (count) => `${count} 条新消息`,
  failed: "暂时连不上聊天服务。",
};

export function isChinese(language: string): boolean {
  return language.toLowerCase().startsWith("zh");
}

export function wordsFor(language: string): Words {
  return isChinese(language) ? zhCn : en;
}
