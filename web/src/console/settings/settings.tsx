import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Dialog } from "../../ui/dialog.tsx";
import { Icon } from "../../ui/icon.tsx";
import { signOut } from "../../ui/sign-out.ts";
import { showToast } from "../../ui/toast.tsx";
import { type Section, useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { Automatic } from "./automatic.tsx";
import { General } from "./general.tsx";
import { Notices } from "./notices.tsx";
import { Phrases } from "./phrases.tsx";
import "./settings.css";

export type SettingsProps = { section: Section; onClose: () => void };

const SECTIONS: readonly Section[] = ["general", "notices", "phrases", "automatic"];
const PANELS: Record<Section, () => preact.JSX.Element> = {
  general: General,
  notices: Notices,
  phrases: Phrases,
  automatic: Automatic,
};

/** What an agent, or the whole shop, has the console do: one section at a time. */
export function Settings({ section, onClose }: SettingsProps) {
  const words = consoleWords().settings;
  const id = useId();
  // What was begun in one section is still there when one comes back from another.
  const [seen, setSeen] = useState<ReadonlySet<Section>>(new Set([section]));
  const [open, setOpen] = useState(section);
  const show = (next: Section) => {
    setSeen(new Set(seen).add(next));
    setOpen(next);
  };
  useEffect(() => show(section), [section]);
  useSayingUnsaved();
  return (
    <Dialog title={words.title} onClose={onClose}>
      <div class="c-settings">
        <div class="c-settings-side">
          <Tabs id={id} open={open} onOpen={show} />
          <Foot onClose={onClose} />
        </div>
        {SECTIONS.filter((name) => seen.has(name)).map((name) => {
          const Panel = PANELS[name];
          return (
            <section
              key={name}
              id={`${id}-${name}`}
              class="c-settings-panel"
              role="tabpanel"
              aria-labelledby={`${id}-${name}-tab`}
              hidden={name !== open}
            >
              <h3>{words.sections[name]}</h3>
              <Panel />
            </section>
          );
        })}
      </div>
    </Dialog>
  );
}

/** Who closes the settings hears what is not saved yet; it is still there when they come back. */
function useSayingUnsaved() {
  const { unsaved, client, dialog } = useDesk();
  useEffect(
    () => () => {
      const sections = unsaved.sections();
      const [section] = sections;
      if (section === undefined || client.connection.value.kind === "signed_out") return;
      const words = consoleWords().settings;
      showToast(words.unsaved(sections.map((name) => words.sections[name]).join(", ")), {
        label: words.goOn,
        run: () => {
          dialog.value = section;
        },
      });
    },
    [],
  );
}

type TabsProps = { id: string; open: Section; onOpen: (section: Section) => void };

/** One tab stop; arrows go from section to section, either way of lying down. */
function Tabs({ id, open, onOpen }: TabsProps) {
  const words = consoleWords().settings;
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const at = (SECTIONS.indexOf(open) + by + SECTIONS.length) % SECTIONS.length;
    const next = SECTIONS[at];
    if (next === undefined) return;
    onOpen(next);
    list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[at]?.focus();
  };
  return (
    <div ref={list} class="c-settings-tabs" role="tablist" aria-label={words.title} onKeyDown={move}>
      {SECTIONS.map((name) => (
        <button
          key={name}
          id={`${id}-${name}-tab`}
          type="button"
          role="tab"
          aria-selected={name === open}
          aria-controls={`${id}-${name}`}
          tabIndex={name === open ? 0 : -1}
          onClick={() => onOpen(name)}
        >
          {words.sections[name]}
        </button>
      ))}
    </div>
  );
}

function Foot({ onClose }: { onClose: () => void }) {
  const desk = useDesk();
  const words = consoleWords().settings;
  return (
    <div class="c-settings-foot">
      <button
        class="button quiet"
        type="button"
        onClick={() => {
          desk.dialog.value = "help";
        }}
      >
        {words.shortcuts}
      </button>
      <button
        class="button quiet"
        type="button"
        onClick={() => {
          void signOut(desk.client, () => {
            desk.drafts.forget();
            desk.unsaved.forget();
            onClose();
          });
        }}
      >
        <Icon name="out" /> {words.signOut}
      </button>
    </div>
  );
}
