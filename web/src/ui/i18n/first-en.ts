import { counted } from "./counted.ts";

const plural = counted("en");

/** What a buyer's page says until it shows a conversation, and while that goes well. The rest comes later: see en.ts. */
export const firstEn = {
  app: {
    title: "Chat",
    loading: "Loading…",
    failed: "Something went wrong. Please try again.",
    reload: "Reload",
    close: "Close",
    you: "You",
    seller: "Seller",
    notLoaded: "This could not be loaded.",
  },
  presence: {
    online: "Online",
    offline: "Offline",
    typing: "typing…",
    replies: (minutes: number) =>
      `Usually replies in ${minutes < 60 ? `${minutes} minutes` : minutes > 60 ? "a day" : "an hour"}`,
  },
  typing: { someone: (name: string) => (name === "" ? "typing…" : `${name} is typing…`) },
  connection: {
    connecting: "Connecting…",
    offline: (time: string) => `Offline. Messages until ${time}`,
    retryNow: "Try now",
    retryIn: (seconds: number) => `or in ${seconds} s`,
    back: "Back online",
  },
  tick: {
    queued: "waiting to be sent",
    uploading: "uploading",
    sending: "sending",
    stored: "sent",
    delivered: "delivered",
    read: "read",
    failed: "not sent",
  },
  message: {
    name: (sender: string, time: string, state: string) =>
      state === "" ? `${sender}, ${time}` : `${sender}, ${time}, ${state}`,
    log: "Messages",
    automatic: "Automatic message",
    actions: "Message actions",
  },
  thread: {
    unread: "New messages",
    start: "This is the beginning of your conversation",
    today: "Today",
    yesterday: "Yesterday",
  },
  composer: {
    label: "Message",
    placeholder: "Write a message…",
    send: "Send",
    emoji: "Emoji",
    addPictures: "Add pictures",
    left: (n: number) => plural(n, { one: `${n} character left`, other: `${n} characters left` }),
    tooLong: (n: number) => plural(n, { one: `${n} character too many`, other: `${n} characters too many` }),
    enterHint: "Enter sends, Shift+Enter starts a new line",
  },
  product: {
    sendLink: "Send link",
    view: "View product",
    soldOut: "Sold out",
    left: (n: number) => plural(n, { one: `Only ${n} left`, other: `Only ${n} left` }),
    gone: "No longer for sale",
    virtual: "Digital goods",
    about: "About this product",
  },
  menu: {
    open: "Menu",
  },
  empty: {
    title: "Say hello",
    hint: (product: string) =>
      product === "" ? "Write your first message." : `Ask the seller anything about “${product}”.`,
    starters: ["Is this still available?", "How soon can you deliver?", "Could you tell me more about it?"],
  },
  page: {
    toInbox: "To my chats",
    guest: "You are chatting as a guest. This conversation stays in this browser only.",
  },
};

/** The shape of the first words. */
export type FirstWords = typeof firstEn;
