import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../../client/api.ts";
import { type AutoText, parseShopSettings, type ShopSettings } from "../../protocol/shop-settings.ts";
import { failureText } from "../../ui/i18n/failure-text.ts";
import { language, words as sharedWords } from "../../ui/i18n/language.ts";
import { showToast } from "../../ui/toast.tsx";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { type DayHours, toOpenings, usual, weekdays } from "../model/hours.ts";
import { type AutomaticEdit, changed, changedAnew, editOf, same } from "./unsaved.ts";
import "./automatic.css";

const PATH = "/v1/settings/shop";

/** What the shop says by itself: to a buyer who writes first, and while it is closed. */
export function Automatic() {
  const { client, unsaved } = useDesk();
  const [settings, setSettings] = useState(unsaved.automatic.value?.of);
  const [failure, setFailure] = useState<Failure>();
  const load = async () => {
    setFailure(undefined);
    const answer = await client.ask({ method: "GET", path: PATH }, parseShopSettings);
    if ("code" in answer) {
      setFailure(answer);
      return;
    }
    const edit = unsaved.automatic.value;
    if (edit !== undefined && edit.of.version < answer.version)
      unsaved.automatic.value = changed(changedAnew(edit, answer));
    // What was saved meanwhile is newer than an answer that took its time.
    setSettings((known) => (known !== undefined && known.version > answer.version ? known : answer));
  };
  // Also where there are changes: a colleague may have saved others since.
  useEffect(() => void load(), [client]);
  if (settings === undefined) {
    if (failure !== undefined) return <NotLoaded failure={failure} onRetry={() => void load()} />;
    return <p role="status">{sharedWords().app.loading}</p>;
  }
  return <Form settings={settings} onSaved={setSettings} onOvertaken={() => void load()} />;
}

function NotLoaded({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  return (
    <p role="status">
      {failureText(sharedWords(), failure)}{" "}
      <button type="button" class="button quiet" onClick={onRetry}>
        {sharedWords().app.retry}
      </button>
    </p>
  );
}

type FormProps = {
  settings: ShopSettings;
  onSaved: (settings: ShopSettings) => void;
  /** A colleague has saved others. */
  onOvertaken: () => void;
};

function Form({ settings, onSaved, onOvertaken }: FormProps) {
  const { client, unsaved } = useDesk();
  const words = consoleWords().automatic;
  const shown = unsaved.automatic.value ?? editOf(settings);
  const { greeting, away, zone, days } = shown;
  const change = (part: Partial<AutomaticEdit>) => {
    unsaved.automatic.value = changed({ ...shown, ...part });
  };
  const saving = useRef(false);
  const save = async () => {
    const json = {
      version: settings.version,
      greeting,
      away,
      hours: { time_zone: zone, openings: toOpenings(days, settings.hours.openings) },
    };
    saving.current = true;
    const answer = await client.ask({ method: "PUT", path: PATH, json }, parseShopSettings);
    saving.current = false;
    if ("code" in answer) {
      showToast(failureText(sharedWords(), answer));
      if (answer.code === "settings_changed") {
        unsaved.automatic.value ??= shown;
        onOvertaken();
      }
      return;
    }
    showToast(words.saved);
    // What was changed while it was saved is not saved yet.
    const now = unsaved.automatic.value;
    unsaved.automatic.value =
      now === undefined || now === shown ? undefined : changed({ ...now, of: answer, overtaken: false });
    onSaved(answer);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!saving.current) void save(); // a second click would be told that somebody else has saved
  };
  const saved = (mine: AutoText, theirs: AutoText) =>
    shown.overtaken && !same(mine, theirs) ? theirs : undefined;
  const changeDay = (day: number, hours: DayHours) =>
    change({ days: days.map((old, at) => (at === day ? hours : old)) });
  return (
    <form class="c-automatic" onSubmit={submit}>
      <p>{words.explain}</p>
      <Text
        name={words.greeting}
        hint={words.greetingHint}
        value={greeting}
        saved={saved(greeting, settings.greeting)}
        onChange={(text) => change({ greeting: text })}
      />
      <Text
        name={words.away}
        hint={words.awayHint}
        value={away}
        saved={saved(away, settings.away)}
        onChange={(text) => change({ away: text })}
      />
      {away.on && (
        <fieldset>
          <legend>{words.hours}</legend>
          <label class="c-automatic-zone">
            {words.zone}
            <select
              class="field"
              value={zone}
              onChange={(event) => change({ zone: event.currentTarget.value })}
            >
              {zones(zone).map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          {weekdays.map((day) => (
            <Day key={day} day={day} hours={days[day]} onChange={(hours) => changeDay(day, hours)} />
          ))}
          {shown.overtaken && <HoursMeanwhile mine={shown} theirs={editOf(settings)} />}
        </fieldset>
      )}
      <Actions />
    </form>
  );
}

function Actions() {
  const { unsaved } = useDesk();
  const words = consoleWords().automatic;
  return (
    <div class="c-automatic-actions">
      {unsaved.automatic.value !== undefined && (
        <button
          type="button"
          class="button"
          onClick={({ currentTarget: { form } }) => {
            unsaved.automatic.value = undefined;
            form?.querySelector<HTMLElement>("[type=submit]")?.focus(); // this button goes
          }}
        >
          {words.discard}
        </button>
      )}
      <button type="submit" class="button primary">
        {words.save}
      </button>
    </div>
  );
}

function zones(current: string): readonly string[] {
  const known = Intl.supportedValuesOf("timeZone");
  return known.includes(current) ? known : [current, ...known];
}

type TextProps = {
  name: string;
  hint: string;
  value: AutoText;
  /** What a colleague has saved meanwhile, if it is something else. */
  saved: AutoText | undefined;
  onChange: (value: AutoText) => void;
};

function Text({ name, hint, value, saved, onChange }: TextProps) {
  const { me } = useDesk();
  const words = consoleWords().automatic;
  return (
    <div class="c-automatic-text">
      <label class="c-automatic-switch">
        <span>{name}</span>
        <input
          type="checkbox"
          role="switch"
          class="c-switch"
          checked={value.on}
          aria-checked={value.on}
          onChange={(event) => onChange({ ...value, on: event.currentTarget.checked })}
        />
      </label>
      <p class="c-hint">{hint}</p>
      {value.on && (
        <textarea
          class="field"
          aria-label={name}
          required
          value={value.text}
          maxLength={me.limits.text}
          onInput={(event) => onChange({ ...value, text: event.currentTarget.value })}
        />
      )}
      {saved !== undefined && <Meanwhile text={saved.on ? saved.text : words.switchedOff} />}
    </div>
  );
}

/** What a colleague has saved since one began. */
function Meanwhile({ text }: { text: string }) {
  return (
    <p class="c-hint" role="status">
      {consoleWords().automatic.savedMeanwhile}{" "}
      <span class="foreign" dir="auto">
        {text}
      </span>
    </p>
  );
}

/** Of the hours that a colleague has saved, those that are others here. */
function HoursMeanwhile({ mine, theirs }: { mine: AutomaticEdit; theirs: AutomaticEdit }) {
  const words = consoleWords().automatic;
  const days = weekdays
    .filter((day) => !same(mine.days[day], theirs.days[day]))
    .map((day) => {
      const hours = theirs.days[day];
      return `${dayName(day)} ${hours === undefined ? words.closed : `${hours.from}–${hours.to}`}`;
    });
  const others = [...(mine.zone === theirs.zone ? [] : [theirs.zone]), ...days];
  return others.length === 0 ? null : <Meanwhile text={others.join(", ")} />;
}

/** The third of January 2000 was a Monday: a date for every weekday, to have its name in the user's language. */
function dayName(day: number): string {
  const date = new Date(Date.UTC(2000, 0, 2 + day));
  return new Intl.DateTimeFormat(language.value, { weekday: "long", timeZone: "UTC" }).format(date);
}

function Day({
  day,
  hours,
  onChange,
}: {
  day: number;
  hours: DayHours;
  onChange: (hours: DayHours) => void;
}) {
  const words = consoleWords().automatic;
  const name = dayName(day);
  return (
    <div class="c-automatic-day">
      <label>
        <input
          type="checkbox"
          checked={hours !== undefined}
          onChange={(event) => onChange(event.currentTarget.checked ? usual : undefined)}
        />
        {name}
      </label>
      {hours === undefined ? (
        <span class="c-hint">{words.closed}</span>
      ) : (
        <>
          <input
            class="field"
            type="time"
            required
            aria-label={words.from(name)}
            value={hours.from}
            onInput={(event) => onChange({ ...hours, from: event.currentTarget.value })}
          />
          <span aria-hidden="true">–</span>
          <input
            class="field"
            type="time"
            required
            aria-label={words.to(name)}
            value={hours.to}
            onInput={(event) => onChange({ ...hours, to: event.currentTarget.value })}
          />
          {hours.to !== "00:00" && hours.to < hours.from && (
            <span class="c-hint c-automatic-next">{words.nextDay}</span>
          )}
        </>
      )}
    </div>
  );
}
