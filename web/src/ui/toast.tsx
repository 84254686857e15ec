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
  setTimeout(() => dismiss(id), stays);
}

function dismiss(id: number): void {
  shown.value = shown.value.filter((t) => t.id !== id);
}

/** Where toasts appear; once per page. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status">
      {shown.value.map((toast) => (
        <div class="toast" key={toast.id}>
          <span class="foreign">{toast.text}</span>
          {toast.action !== undefined && (
            <button
              type="button"
              onClick={() => {
                toast.action?.run();
                dismiss(toast.id);
              }}
            >
              {toast.action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
