import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

type MoreButtonProps = {
  label: string;
  loading: boolean;
  onMore: () => void;
  /** What takes the focus where there is no more. */
  next: () => HTMLElement | null | undefined;
  class?: string;
};

/** Asks for more of a list, and keeps the focus until that is there. */
export function MoreButton({ label, loading, onMore, next, class: more = "" }: MoreButtonProps): JSX.Element {
  const ref = useRef<HTMLButtonElement>(null);
  const onGone = useRef(next);
  onGone.current = next;
  useLayoutEffect(
    () => () => {
      if (ref.current !== null && document.activeElement === ref.current) onGone.current()?.focus();
    },
    [],
  );
  return (
    <button
      ref={ref}
      class={`button quiet ${more}`}
      type="button"
      aria-disabled={loading}
      onClick={() => {
        if (!loading) onMore();
      }}
    >
      {label}
    </button>
  );
}
