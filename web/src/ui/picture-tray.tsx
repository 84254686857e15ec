import type { JSX } from "preact";
import { failureText } from "./i18n/failure-text.ts";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";
import { drop, type Picked, type Pictures } from "./use-pictures.ts";
import "./picture-tray.css";

/** The pictures picked for a message, each with a way to take it out again. */
export function PictureTray({ pictures }: { pictures: Pictures }): JSX.Element {
  const items = pictures.items.value;
  return (
    <ul class="tray" aria-label={words().composer.pictures}>
      {items.map((item, i) => (
        <TrayItem
          key={item.url}
          item={item}
          index={i + 1}
          onRemove={(button) => {
            keepFocus(button);
            drop(pictures, (one) => one.url === item.url);
          }}
        />
      ))}
    </ul>
  );
}

/** The picture is about to go: its neighbour's button takes the focus, and after the last one the field. */
function keepFocus(button: HTMLElement): void {
  const item = button.closest("li");
  const beside = item?.nextElementSibling ?? item?.previousElementSibling;
  const next = beside?.querySelector("button") ?? button.closest("form")?.querySelector("textarea");
  next?.focus();
}

type TrayItemProps = { item: Picked; index: number; onRemove(button: HTMLElement): void };

function TrayItem({ item, index, onRemove }: TrayItemProps): JSX.Element {
  const text = words();
  const preparing = item.picture === undefined && item.failure === undefined;
  return (
    <li class={item.failure === undefined ? "tray-item" : "tray-item failed"}>
      {item.failure === undefined ? (
        <img src={item.url} alt={item.name} />
      ) : (
        <span class="tray-failure" role="alert">
          <Icon name="alert" />
          {failureText(text, item.failure)}
        </span>
      )}
      {preparing && (
        <span class="tray-wait">
          <span class="spinner" aria-hidden="true" />
          <span class="visually-hidden">{text.composer.preparing}</span>
        </span>
      )}
      <button
        type="button"
        class="tray-remove"
        aria-label={text.composer.removePicture(index)}
        onClick={(event) => onRemove(event.currentTarget)}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}
