import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { words } from "./i18n/language.ts";
import "./toast.css";

type Toast = { id: number; text: string; undo: (() => void) | undefined };

const stays = 5000;
const shown = signal<readonly Toast[]>([]);
let nextId = 1;

/** Says something in passing. With `undo` there are five seconds to take it back. */
export function showToast(text: string, undo?: () => void): void {
  const id = nextId++;
  shown.value = [...shown.value.slice(-2), { id, text, undo }];
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
          {toast.undo !== undefined && (
            <button
              type="button"
              onClick={() => {
                toast.undo?.();
                dismiss(toast.id);
              }}
            >
              {words().app.undo}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
