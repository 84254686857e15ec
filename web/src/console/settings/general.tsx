import { holdKeyName } from "../../ui/hold-key.ts";
import { type Language, language } from "../../ui/i18n/language.ts";
import { languages, setLanguage } from "../../ui/i18n/language-choice.ts";
import type { Theme } from "../../ui/theme.ts";
import { setTheme, theme } from "../../ui/theme-choice.ts";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import type { SendKey } from "../model/keys.ts";
import type { Density } from "../model/prefs.ts";
import { Choice } from "./controls.tsx";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const DENSITIES: readonly Density[] = ["comfortable", "compact"];
const SEND_KEYS: readonly SendKey[] = ["enter", "ctrl-enter"];

/** How the console looks and is written in, on this device. */
export function General() {
  const { prefs, change } = useDesk().prefs;
  const words = consoleWords().settings;
  const keys: Record<SendKey, string> = { enter: "Enter", "ctrl-enter": `${holdKeyName()}+Enter` };
  return (
    <>
      <Choice
        label={words.language}
        value={language.value}
        options={languages.map(({ code, name }): [Language, string] => [code, name])}
        onChange={(next) => void setLanguage(next)}
      />
      <Choice
        label={words.theme}
        value={theme.value}
        options={THEMES.map((next): [Theme, string] => [next, words.themes[next]])}
        onChange={setTheme}
      />
      <Choice
        label={words.density}
        value={prefs.value.density}
        options={DENSITIES.map((next): [Density, string] => [next, words.densities[next]])}
        onChange={(density) => change({ density })}
      />
      <Choice
        label={words.sendKey}
        value={prefs.value.sendKey}
        options={SEND_KEYS.map((next): [SendKey, string] => [next, keys[next]])}
        onChange={(sendKey) => change({ sendKey })}
      />
    </>
  );
}
