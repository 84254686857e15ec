import { Dialog } from "../ui/dialog.tsx";
import { holdKeyName } from "../ui/hold-key.ts";
import { useDesk } from "./desk.ts";
import { consoleWords } from "./i18n/words.ts";

/** The list of keys. */
export function Help({ onClose }: { onClose: () => void }) {
  const words = consoleWords().help;
  const hold = holdKeyName();
  const enterSends = useDesk().prefs.prefs.value.sendKey === "enter";
  const rows: readonly (readonly [string, readonly string[]])[] = [
    [words.search, [`${hold}+K`]],
    [words.move, ["↑", "↓"]],
    [words.open, ["Enter"]],
    [words.rowMenu, ["Shift+F10"]],
    [words.neighbour, ["Alt+↑", "Alt+↓"]],
    [words.nextUnread, ["Alt+Shift+↓"]],
    [words.context, ["Alt+I"]],
    [words.send, [enterSends ? "Enter" : `${hold}+Enter`]],
    [words.sendNext, [enterSends ? `${hold}+Enter` : `${hold}+Shift+Enter`]],
    [words.newline, enterSends ? ["Shift+Enter"] : ["Enter"]],
    [words.phrase, ["/"]],
    [words.phraseNumber, ["Alt+1", "Alt+9"]],
    [words.resize, ["←", "→"]],
    [words.back, ["Esc"]],
    [words.help, ["?"]],
  ];
  return (
    <Dialog title={words.title} onClose={onClose}>
      <dl class="c-keys">
        {rows.map(([what, keys]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
