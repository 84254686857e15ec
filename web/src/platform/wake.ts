/**
 * Calls `wake` when the page comes back to life or to the network, and `lost` when the device says that it
 * has no network any more. Returns its undoing.
 */
export function onWake(page: Window, wake: () => void, lost: () => void): () => void {
  const visible = (): void => {
    if (page.document.visibilityState === "visible") wake();
  };
  page.addEventListener("offline", lost);
  page.addEventListener("online", wake);
  page.addEventListener("pageshow", wake);
  page.addEventListener("focus", wake);
  page.document.addEventListener("visibilitychange", visible);
  return () => {
    page.removeEventListener("offline", lost);
    page.removeEventListener("online", wake);
    page.removeEventListener("pageshow", wake);
    page.removeEventListener("focus", wake);
    page.document.removeEventListener("visibilitychange", visible);
  };
}
