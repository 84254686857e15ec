/** Calls the seller's attention: sound, title, icon, the app's badge and desktop notices. */
import { effect } from "@preact/signals";
import type { Arrival } from "../../client/api.ts";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { noticeBrief } from "../../ui/i18n/notice-text.ts";
import { previewOf } from "../../ui/model/preview.ts";
import { buyerName, type Desk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { attentionFor, restingBell } from "../model/attention.ts";
import { faviconUrl, titleText } from "../model/badge.ts";
import { until } from "../model/until.ts";
import type { Bell } from "./bell.ts";
import { showNotice } from "./notice.ts";
import { openWindows } from "./windows.ts";

const CHANNEL = "haggle.console.windows";

/** Starts calling; the returned function ends it and leaves the tab as it was. */
export function attend(desk: Desk, bell: Bell): () => void {
  const ring = restingBell(
    () => ringOnce(bell),
    () => performance.now(),
  );
  const stopTitle = effect(() => showCount(desk));
  const windows = openWindows("BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : undefined);
  const call = async (arrival: Arrival) => {
    const focused = document.hasFocus() && document.visibilityState === "visible";
    if (!focused && (await windows.takenElsewhere(arrival.message))) return;
    windows.take(arrival.message);
    const known = await introduced(desk, arrival);
    const { sound, notices } = desk.prefs.prefs.value;
    const wanted = attentionFor(known, { focused, open: desk.open.value, sound, notices });
    if (wanted.sound) ring();
    if (wanted.notice) notify(desk, known);
  };
  const stopArrivals = desk.client.onArrival((arrival) => void call(arrival));
  return () => {
    stopArrivals();
    windows.dispose();
    stopTitle();
    document.title = consoleWords().app.title;
    setIcon(0);
    setAppBadge(0);
  };
}

/** So long, in milliseconds, a message of a conversation that is not known yet waits to be called. */
const introducedWithin = 2_000;

/** What is known of the conversation, which is asked for if nothing is: its name, and whether it is muted. */
async function introduced(desk: Desk, { message, conversation }: Arrival): Promise<Arrival> {
  if (conversation !== undefined) return { message, conversation };
  const asked = desk.client.thread(message.conversation).conversation;
  return { message, conversation: await until(asked, (now) => now !== undefined, introducedWithin) };
}

/** The title names who is open, after how many messages wait. */
function showCount(desk: Desk): void {
  const unread = desk.prefs.prefs.value.badge ? desk.client.unread.value.messages : 0;
  const open = desk.open.value;
  const row = desk.client.inbox.rows.value.find((conversation) => conversation.id === open);
  const title = consoleWords().app.title;
  document.title = titleText(unread, row === undefined ? title : `${buyerName(row)} · ${title}`);
  setIcon(unread);
  setAppBadge(unread);
}

function setIcon(unread: number): void {
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const tokens = getComputedStyle(document.documentElement);
  const token = (name: string) => tokens.getPropertyValue(name).trim();
  const colours = { bubble: token("--accent-fill"), badge: token("--badge"), onBadge: token("--on-badge") };
  const url = faviconUrl(unread, colours);
  if (icon !== null && icon.href !== url) icon.href = url;
}

/** On an installed app's icon; most browsers have none, and some refuse. */
function setAppBadge(unread: number): void {
  if (!("setAppBadge" in navigator)) return;
  const done = unread > 0 ? navigator.setAppBadge(unread) : navigator.clearAppBadge();
  done.catch(() => undefined);
}

/** Several windows of one console ring one bell: the first to take the lock for a moment. */
function ringOnce(bell: Bell): void {
  if (!("locks" in navigator)) {
    bell.ring();
    return;
  }
  void navigator.locks.request("haggle.console.bell", { ifAvailable: true }, async (lock) => {
    if (lock === null) return;
    bell.ring();
    await new Promise((resolve) => setTimeout(resolve, 700));
  });
}

function notify(desk: Desk, { message, conversation }: Arrival): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const words = consoleWords();
  const said = previewOf(message, {
    ...words.preview,
    image: (count) => (count > 1 ? words.preview.images(count) : words.preview.image),
    notice: (code) => noticeBrief(sharedWords(), code),
  });
  // One notice per conversation, the latest.
  const title = buyerName(conversation) || message.sender;
  const notice = showNotice(title, { body: said, tag: message.conversation });
  if (notice === undefined) {
    // Then the switch does not claim them.
    desk.prefs.change({ notices: false });
    return;
  }
  notice.onclick = () => {
    window.focus();
    desk.openAndWrite(message.conversation);
    notice.close();
  };
}
