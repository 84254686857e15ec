import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";
import { Toasts } from "./toast.tsx";
import "./dialog.css";

export type DialogProps = {
  title: string;
  onClose(): void;
  children: ComponentChildren;
  actions?: ComponentChildren;
  /** It asks whether to go on: the focus begins on the first action, the way back. */
  asks?: boolean;
};

/** A modal dialog. The browser's own keeps the focus inside, closes on Esc and gives the focus back. */
export function Dialog({ title, onClose, children, actions, asks = false }: DialogProps): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    if (asks) dialog?.querySelector<HTMLElement>("footer button")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  // Who marks what is written may let go outside: what counts is where the pointer went down.
  const down = useRef<EventTarget | null>(null);
  const closeOutside = (event: MouseEvent) => {
    if (event.target === ref.current && down.current === ref.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc closes it, a click beside it is the mouse's way.
    <dialog
      class="dialog"
      ref={ref}
      aria-labelledby={titleId}
      onClose={onClose}
      onPointerDown={({ target }) => {
        down.current = target;
      }}
      onClick={closeOutside}
    >
      <div class="dialog-inner">
        <header>
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="icon-button" aria-label={words().app.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        <div class="dialog-body">{children}</div>
        {actions !== undefined && <footer>{actions}</footer>}
      </div>
      {/* The page's own are beneath a modal dialog, where nobody can press them. */}
      <Toasts />
    </dialog>
  );
}
