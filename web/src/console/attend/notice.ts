/** Notices on the desktop, so far as this browser makes any. */

/** Shows one, or says that it cannot: Chrome on Android has the class, but none that a page makes itself. */
export function showNotice(title: string, options: NotificationOptions): Notification | undefined {
  try {
    return new Notification(title, options);
  } catch {
    return undefined;
  }
}

/** Whether a page can show one, found out by making one. Where it may not yet, none is to be seen. */
export function makesNotices(title: string): boolean {
  const made = showNotice(title, { silent: true });
  made?.close();
  return made !== undefined;
}
