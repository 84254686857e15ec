/** What says "Today" in the evening says "Yesterday" in the morning, without anybody drawing it anew. */
import { today } from "./i18n/clock.ts";
import { dayOf } from "./model/clock.ts";

/** Also after a device has slept, which a timer for midnight would have slept through. */
const often = 60_000;

let stop: (() => void) | undefined;

/** Has the days follow the calendar, once for a page; the returned function ends it. */
export function followDays(): () => void {
  stop ??= follow();
  return stop;
}

function follow(): () => void {
  const look = () => {
    const now = Date.now();
    if (dayOf(now) !== dayOf(today.peek())) today.value = now;
  };
  const timer = setInterval(look, often);
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    stop = undefined;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
