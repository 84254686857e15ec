import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { type Language, language } from "../ui/i18n/language.ts";
import { languages, setLanguage } from "../ui/i18n/language-choice.ts";
import { Icon } from "../ui/icon.tsx";
import { signOut } from "../ui/sign-out.ts";
import type { Theme } from "../ui/theme.ts";
import { setTheme, theme } from "../ui/theme-choice.ts";
import { useDesk } from "./desk.ts";
import { holdKeyName } from "./editor/editor.tsx";
import { consoleWords } from "./i18n/words.ts";
import type { SendKey } from "./model/keys.ts";

/** Opens the settings beside the shop's name. */
export function SettingsButton() {
  const words = consoleWords().settings;
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    button.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <button
        ref={button}
        class="icon-button"
        type="button"
        aria-label={words.title}
        title={words.title}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name="settings" />
      </button>
      {open && <Settings onClose={close} opener={button} />}
    </>
  );
}

type SettingsProps = { onClose: () => void; opener: { current: HTMLElement | null } };

function Settings({ onClose, opener }: SettingsProps) {
  const desk = useDesk();
  const words = consoleWords().settings;
  const panel = usePopover(onClose, opener);
  const themes: Record<Theme, string> = {
    system: words.themeSystem,
    light: words.themeLight,
    dark: words.themeDark,
  };
  const keys: Record<SendKey, string> = { enter: "Enter", "ctrl-enter": `${holdKeyName()}+Enter` };
  const { prefs, change } = desk.prefs;
  return (
    <div ref={panel} class="c-settings" role="dialog" aria-label={words.title} tabIndex={-1}>
      <Choice
        label={words.language}
        value={language.value}
        options={languages.map(({ code, name }): [Language, string] => [code, name])}
        onChange={(next) => void setLanguage(next)}
      />
      <Choice
        label={words.theme}
        value={theme.value}
        options={THEMES.map((next): [Theme, string] => [next, themes[next]])}
        onChange={setTheme}
      />
      <Choice
        label={words.sendKey}
        value={prefs.value.sendKey}
        options={SEND_KEYS.map((next): [SendKey, string] => [next, keys[next]])}
        onChange={(sendKey) => change({ sendKey })}
      />
      <SoundSetting />
      <NoticeSetting />
      <button
        class="button"
        type="button"
        onClick={() => {
          onClose();
          desk.editingPhrases.value = true;
        }}
      >
        {consoleWords().phrases.manage}
      </button>
      <button
        class="button"
        type="button"
        onClick={() => {
          onClose();
          desk.editingAutomatic.value = true;
        }}
      >
        {consoleWords().automatic.open}
      </button>
      <div class="c-settings-foot">
        <button
          class="button quiet"
          type="button"
          onClick={() => {
            onClose();
            desk.help.value = true;
          }}
        >
          {words.shortcuts}
        </button>
        <button class="button" type="button" onClick={() => void signOut(desk.client, desk.drafts.forget)}>
          <Icon name="out" /> {words.signOut}
        </button>
      </div>
    </div>
  );
}

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const SEND_KEYS: readonly SendKey[] = ["enter", "ctrl-enter"];

type ChoiceProps<T extends string> = {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
};

function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  return (
    <label class="c-setting">
      <span class="c-setting-name">{label}</span>
      <select
        value={value}
        onChange={(event) => {
          const chosen = options.find(([option]) => option === event.currentTarget.value);
          if (chosen !== undefined) onChange(chosen[0]);
        }}
      >
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function SoundSetting() {
  const { prefs, bell } = useDesk();
  const words = consoleWords().settings;
  return (
    <>
      <Switch
        label={words.sound}
        on={prefs.prefs.value.sound}
        onChange={(sound) => {
          prefs.change({ sound });
          if (sound) bell.ring();
        }}
      >
        <button class="button quiet c-test" type="button" onClick={() => bell.ring()}>
          {words.soundTest}
        </button>
      </Switch>
      {!bell.ready.value && <p class="c-hint">{words.soundGesture}</p>}
    </>
  );
}

function NoticeSetting() {
  const { prefs } = useDesk();
  const words = consoleWords().settings;
  const supported = "Notification" in window;
  const [permission, setPermission] = useState(supported ? Notification.permission : "denied");
  const turn = async (on: boolean) => {
    if (!on) {
      prefs.change({ notices: false });
      return;
    }
    const answer = await Notification.requestPermission();
    setPermission(answer);
    prefs.change({ notices: answer === "granted" });
  };
  return (
    <>
      <Switch
        label={words.notices}
        on={prefs.prefs.value.notices && permission === "granted"}
        disabled={permission === "denied"}
        onChange={(on) => void turn(on)}
      />
      {permission === "denied" && (
        <p class="c-hint">{supported ? words.noticesDenied : words.noticesUnsupported}</p>
      )}
    </>
  );
}

type SwitchProps = {
  label: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
  /** Stands before the switch. */
  children?: ComponentChildren;
};

function Switch({ label, on, disabled = false, onChange, children }: SwitchProps) {
  const id = useId();
  return (
    <div class="c-setting">
      <label for={id}>{label}</label>
      {children}
      <input
        id={id}
        type="checkbox"
        role="switch"
        class="c-switch"
        checked={on}
        aria-checked={on}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
    </div>
  );
}

/** Takes the focus while it is open; Esc and whatever happens outside close it. */
function usePopover(onClose: () => void, opener: { current: HTMLElement | null }) {
  const panel = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    panel.current?.querySelector<HTMLElement>("select")?.focus({ preventScroll: true });
    const outside = (event: Event) => {
      const at = event.target;
      if (!(at instanceof Node) || panel.current?.contains(at) || opener.current?.contains(at)) return;
      close.current();
    };
    const press = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close.current();
    };
    document.addEventListener("pointerdown", outside, true);
    document.addEventListener("keydown", press, true);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("keydown", press, true);
    };
  }, [opener]);
  return panel;
}
