/** Calls `wake` when the page comes back to life or to the network. Returns its undoing. */
export function onWake(page: Window, wake: () => void): () => void {
  const visible = (): void => {
    if (page.document.visibilityState === "visible") wake();
  };
  page.addEventListener("online", wake);
  page.addEventListener("pageshow", wake);
  page.addEventListener("focus", wake);
  page.document.addEventListener("visibilitychange", visible);
  return () => {
    page.removeEventListener("online", wake);
    page.removeEventListener("pageshow", wake);
    page.removeEventListener("focus", wake);
    page.document.removeEventListener("visibilitychange", visible);
  };
}
