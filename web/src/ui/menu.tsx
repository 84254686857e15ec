import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { type Drawing, Icon, type IconName } from "./icon.tsx";
import { lazy } from "./lazy.tsx";

export type MenuItem = {
  label: string;
  icon?: IconName | Drawing;
  danger?: boolean;
  /** One of several choices; true for the one that holds. */
  checked?: boolean;
  /** Draws a line above. */
  separated?: boolean;
  run(): void;
};

/** Where a menu opens: below this rectangle, or above where there is no room. */
export type MenuAnchor = { left: number; right: number; top: number; bottom: number };

export type MenuProps = {
  items: readonly MenuItem[];
  label: string;
  anchor: MenuAnchor;
  note?: string;
  onClose(): void;
};

export const loadMenu = () => import("./menu-list.tsx");

/** A menu of actions, loaded when the first one opens. */
export const Menu = lazy<MenuProps>(async () => (await loadMenu()).MenuList);

export type MenuButtonProps = { label: string; icon?: IconName; items(): readonly MenuItem[] };

/** A button that opens a menu below itself. */
export function MenuButton({ label, icon = "more", items }: MenuButtonProps): JSX.Element {
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
        <Icon name={icon} />
      </button>
      {anchor !== undefined && (
        <Menu items={items()} label={label} anchor={anchor} onClose={() => setAnchor(undefined)} />
      )}
    </>
  );
}
