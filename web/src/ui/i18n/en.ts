import { counted } from "./counted.ts";
import { firstEn } from "./first-en.ts";

const plural = counted("en");

/** Every sentence of the shared parts and the buyer app. Other languages have the same shape, or do not compile. */
export const en = {
  ...firstEn,
  app: {
    ...firstEn.app,
    undo: "Undo",
    retry: "Try again",
    cancel: "Cancel",
  },
  message: {
    ...firstEn.message,
    copy: "Copy text",
    recall: "Take back",
    report: "Report",
    retry: "Retry",
    delete: "Delete",
    deleted: "Message deleted",
    cancelUpload: "Cancel upload",
    uploading: (percent: number) => `Uploading, ${percent} %`,
    uploaded: (done: string, all: string, unit: "KB" | "MB") => `${done} of ${all} ${unit}`,
    recalledByYou: "You took a message back",
    recalledBy: (name: string) => `${name} took a message back`,
    unsupported: "This message cannot be shown in this version",
    copied: "Copied",
    copyFailed: "Copying is not allowed here",
    staleNote: "Written a while ago and never sent.",
    sendNow: "Send now",
    picture: "Picture",
    pictureOf: (index: number, count: number) => `Picture ${index} of ${count}`,
    openPicture: "Open picture",
    pictureGone: "This picture cannot be loaded",
    linkTo: (host: string) => `Opens ${host}`,
  },
  /**
   * What the chat itself says about a message, in full and for a line that says what the message holds. A code
   * that is not here is told by `unknown`; those that come with a text need nothing brief.
   */
  notice: {
    from: "Notice",
    sent: (when: string) => `Sent ${when}`,
    says: {
      unknown: "A notice that this version cannot show",
      added_later: "An older message, added later",
      image_missing: "A picture is missing here",
      image_broken: "A picture here is damaged",
      card_broken: "A product that cannot be read, as text",
      list_broken: "Pictures that cannot be read, as text",
      unknown_type: "A message of an unknown kind, as text",
      bad_bytes: "Some characters cannot be read",
    },
    brief: {
      unknown: "[Notice]",
      added_later: "[Older message]",
      image_missing: "[Picture missing]",
      image_broken: "[Picture damaged]",
    },
  },
  thread: {
    ...firstEn.thread,
    newCount: (n: number) => plural(n, { one: `${n} new message`, other: `${n} new messages` }),
    toLatest: "To the latest message",
    failed: "The messages could not be loaded",
  },
  composer: {
    ...firstEn.composer,
    removePicture: (index: number) => `Remove picture ${index}`,
    pictures: "Pictures to send",
    tooManyPictures: (max: number) => `At most ${max} pictures in one message`,
    notPicture: "Only pictures can be sent (JPEG, PNG, GIF, WebP)",
    preparing: "Preparing picture…",
  },
  emoji: {
    search: "Search emoji",
    none: "Nothing found",
    recent: "Often used",
    groups: [
      "Smileys",
      "People",
      "",
      "Animals and nature",
      "Food and drink",
      "Travel",
      "Activities",
      "Objects",
      "Symbols",
      "Flags",
    ],
    failed: "Emoji could not be loaded",
  },
  lightbox: {
    close: "Close",
    zoom: "Zoom",
    previous: "Previous picture",
    next: "Next picture",
    error: "This picture cannot be loaded",
  },
  menu: {
    ...firstEn.menu,
    block: "Block seller",
    unblock: "Unblock seller",
    report: "Report…",
    light: "Light",
    dark: "Dark",
    system: "As the device",
    enterSends: "Enter sends",
    ctrlEnterSends: (key: string) => `${key}+Enter sends`,
    signOut: "Sign out",
  },
  block: {
    title: "Block this seller?",
    body: "You will no longer get messages from this seller. You can unblock at any time.",
    confirm: "Block",
    byYou: "You blocked this seller. Unblock to write again.",
    unblock: "Unblock",
    byOther: "This seller does not take messages from you any more. Your messages cannot be sent.",
    done: "Seller blocked",
    undone: "Seller unblocked",
  },
  report: {
    title: "Report to the shop",
    titleMessage: "Report this message",
    body: "What is wrong? The shop reads this, the seller does not.",
    reasons: [
      "Spam or advertising",
      "Fraud or a fake product",
      "Asks to pay outside the shop",
      "Insults or threats",
      "Something else",
    ],
    details: "Details (optional)",
    send: "Send report",
    done: "Thank you. The shop will look into it.",
  },
  inbox: {
    title: "Chats",
    search: "Search by name",
    empty: "No conversations yet",
    emptyHint: "Open a product and tap “Chat with the seller” to begin one.",
    noMatch: "No conversation matches",
    unread: (n: number) => plural(n, { one: `${n} unread message`, other: `${n} unread messages` }),
    pick: "Choose a conversation",
    youPrefix: "You: ",
    picture: (n: number) => plural(n, { one: "[Picture]", other: `[${n} pictures]` }),
    product: (title: string) => `[Product] ${title}`,
    recalled: "[Taken back]",
    more: "Show more",
    failed: "Your conversations could not be loaded",
  },
  page: {
    ...firstEn.page,
    closed: (until: string) =>
      until === ""
        ? "The shop is closed just now."
        : `The shop is closed just now. It answers from ${until}.`,
    goneTitle: "This product is gone",
    goneBody: "It is no longer for sale, or the link is wrong. Your other conversations are still here.",
    ownTitle: "You are the seller",
    ownBody: "Buyers use this page to talk to you. Answer them in the console.",
    toConsole: "Open the console",
    notFoundTitle: "No such conversation",
    notFoundBody: "The link is wrong, or you are signed in as somebody else.",
    failedTitle: "This could not be loaded",
    signedOutTitle: "You are not signed in",
    signedOutBody: "Go back to the shop, sign in there and open the chat again. Nothing you sent is lost.",
    toShop: "Back to the shop",
    toTab: "Open in a new tab",
    signIn: "Sign in",
  },
  wait: (seconds: number) =>
    plural(seconds, { one: `Try again in ${seconds} second.`, other: `Try again in ${seconds} seconds.` }),
};

/** The shape of a dictionary. */
export type Words = typeof en;
