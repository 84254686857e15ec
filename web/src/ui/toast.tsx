import { signal } from "@preact/signals";
import type { JSX } from "preact";
import "./toast.css";

/** What can be done about what a toast says. */
export type ToastAction = { label: string; run(): void };

type Toast = { id: number; text: string; action: ToastAction | undefined };

const stays = 5000;
const shown = signal<readonly Toast[]>([]);
let nextId = 1;

/** Says something in passing. For `action`, as taking it back, there are five seconds. */
export function showToast(text: string, action?: ToastAction): void {
  const id = nextId++;
  shown.value = [...shown.value.slice(-2), { id, text, action }];
  setTimeout(pass, stays, id);
}

/** Its time is over, unless somebody points at one or has the focus in it. */
function pass(id: number): void {
  if (document.querySelector(".toast:hover, .toast :focus") === null) dismiss(id);
  else setTimeout(pass, stays, id);
}

function dismiss(id: number): void {
  shown.value = shown.value.filter((t) => t.id !== id);
}

/** Where toasts appear; once per page. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status">
      {shown.value.map(({ id, text, action }) => (
        <div class="toast" key={id}>
          <span class="foreign">{text}</span>
          {action && (
            <button
              type="button"
              onClick={() => {
                action.run();
                dismiss(id);
              }}
            >
              {action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
