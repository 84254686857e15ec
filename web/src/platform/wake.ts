/**
 * Calls `wake` when the page comes back to life or to the network, and `lost` when the device says that it
 * has no network any more. Returns its undoing.
 */
export function onWake(page: Window, wake: () => void, lost: () => void): () => void {
  const visible = (): void => {
    if (page.document.visibilityState === "visible") wake();
  };
  const until = new AbortController();
  const { signal } = until;
  page.addEventListener("offline", lost, { signal });
  for (const back of ["online", "pageshow", "focus"]) page.addEventListener(back, wake, { signal });
  page.document.addEventListener("visibilitychange", visible, { signal });
  return () => until.abort();
}
