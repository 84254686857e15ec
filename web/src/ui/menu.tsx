import type { JSX } from "preact";
import { Icon, type IconName, type IconPath } from "./icon.tsx";
import { later } from "./later.ts";
import { lazy } from "./lazy.tsx";
import { type MenuAnchor, MenuOpener } from "./menu-opener.tsx";

export type MenuItem = {
  label: string;
  icon?: IconName | IconPath;
  danger?: boolean;
  /** One of several choices; true for the one that holds. */
  checked?: boolean;
  /** Draws a line above. */
  separated?: boolean;
  run(): void;
};

export type MenuProps = {
  items: readonly MenuItem[];
  label: string;
  anchor: MenuAnchor;
  note?: string;
  onClose(): void;
};

const loadMenu = later(() => import("./menu-list.tsx"));

/** A menu of actions, loaded when the first one opens. */
export const Menu = lazy<MenuProps>(async () => (await loadMenu()).MenuList);

export type MenuButtonProps = { label: string; icon?: IconName; items(): readonly MenuItem[] };

/** A button that opens a menu below itself. */
export function MenuButton({ label, icon = "more", items }: MenuButtonProps): JSX.Element {
  return (
    <MenuOpener label={label} icon={<Icon name={icon} />}>
      {(anchor, onClose) => <Menu items={items()} label={label} anchor={anchor} onClose={onClose} />}
    </MenuOpener>
  );
}
