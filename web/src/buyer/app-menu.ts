import type { Client } from "../client/api.ts";
import { forgetDrafts } from "../ui/forget-drafts.ts";
import { holdKeyName } from "../ui/hold-key.ts";
import { language, words } from "../ui/i18n/language.ts";
import { languages, setLanguage } from "../ui/i18n/language-choice.ts";
import type { MenuItem } from "../ui/menu.tsx";
import { signOut } from "../ui/sign-out.ts";
import type { Theme } from "../ui/theme.ts";
import { setTheme, theme } from "../ui/theme-choice.ts";
import { chooseEnter, startsLine } from "./enter-choice.ts";
import { buyerNamed } from "./in-frame.ts";

function leave(client: Client): void {
  const uid = client.me.peek()?.participant.uid;
  void signOut(client, () => uid !== undefined && forgetDrafts(uid));
}

/** On a touch screen Enter starts a new line in any case. */
function enterItems(enter: string, ctrlEnter: string): MenuItem[] {
  if (matchMedia("(pointer: coarse)").matches) return [];
  const item = (label: string, wish: "send" | "line"): MenuItem => ({
    label,
    icon: "send",
    checked: startsLine.value === (wish === "line"),
    separated: wish === "send",
    run: () => chooseEnter(wish),
  });
  return [item(enter, "send"), item(ctrlEnter, "line")];
}

/** What every menu of the app ends with: language, appearance, the way out. */
export function appMenu(client: Client): MenuItem[] {
  const text = words().menu;
  const themes: readonly { of: Theme; name: string }[] = [
    { of: "system", name: text.system },
    { of: "light", name: text.light },
    { of: "dark", name: text.dark },
  ];
  return [
    ...languages.map(({ code, name }, i) => ({
      label: name,
      icon: "globe" as const,
      checked: language.value === code,
      separated: i === 0,
      run: () => void setLanguage(code),
    })),
    ...themes.map(({ of, name }, i) => ({
      label: name,
      icon: "sun" as const,
      checked: theme.value === of,
      separated: i === 0,
      run: () => setTheme(of),
    })),
    ...enterItems(text.enterSends, text.ctrlEnterSends(holdKeyName())),
    ...(buyerNamed.value
      ? []
      : [{ label: text.signOut, icon: "out" as const, separated: true, run: () => leave(client) }]),
  ];
}
