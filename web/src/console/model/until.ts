import type { ReadonlySignal } from "@preact/signals-core";

/** Waits until what a signal says will do, `ms` at the most; resolves to what it says then. */
export function until<T>(said: ReadonlySignal<T>, willDo: (now: T) => boolean, ms: number): Promise<T> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    let done = false;
    const end = () => {
      done = true;
      clearTimeout(timer);
      stop?.();
      resolve(said.peek());
    };
    const timer = setTimeout(end, ms);
    stop = said.subscribe((now) => {
      if (!done && willDo(now)) end();
    });
    if (done) stop();
  });
}
