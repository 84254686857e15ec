import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

/** Where a menu opens: below this rectangle, or above where there is no room. */
export type MenuAnchor = { left: number; right: number; top: number; bottom: number };

export type MenuOpenerProps = {
  label: string;
  icon: JSX.Element;
  /** Draws the menu while it is open. */
  children(anchor: MenuAnchor, onClose: () => void): JSX.Element;
};

/** A button that opens a menu below itself. */
export function MenuOpener({ label, icon, children }: MenuOpenerProps): JSX.Element {
  const [anchor, setAnchor] = useState<MenuAnchor>();
  const ref = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={ref}
        type="button"
        class="icon-button"
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={anchor !== undefined}
        onClick={() => setAnchor(anchor === undefined ? ref.current?.getBoundingClientRect() : undefined)}
      >
        {icon}
      </button>
      {anchor !== undefined && children(anchor, () => setAnchor(undefined))}
    </>
  );
}
