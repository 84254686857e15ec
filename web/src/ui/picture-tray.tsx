import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { failureText } from "./i18n/failure-text.ts";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";
import type { Picked, Pictures } from "./use-pictures.ts";

/** The pictures picked for a message, each with a way to take it out again. */
export function PictureTray({ pictures }: { pictures: Pictures }): JSX.Element | null {
  const items = pictures.items.value;
  if (items.length === 0) return null;
  return (
    <ul class="tray" aria-label={words().composer.pictures}>
      {items.map((item, i) => (
        <TrayItem key={item.id} item={item} index={i + 1} onRemove={() => pictures.remove(item.id)} />
      ))}
    </ul>
  );
}

function TrayItem({ item, index, onRemove }: { item: Picked; index: number; onRemove(): void }): JSX.Element {
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
        onClick={onRemove}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

/** The types the server takes. Named, they also make iOS hand over JPEG instead of HEIC. */
const accepted = "image/jpeg,image/png,image/gif,image/webp";

export type PickButtonProps = { onPick(files: readonly File[]): void; disabled?: boolean };

/** Opens the device's own chooser for pictures or its camera. */
export function PickButton({ onPick, disabled = false }: PickButtonProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="icon-button"
        aria-label={words().composer.addPictures}
        title={words().composer.addPictures}
        disabled={disabled}
        onClick={() => input.current?.click()}
      >
        <Icon name="image" />
      </button>
      <input
        ref={input}
        type="file"
        accept={accepted}
        multiple
        hidden
        onChange={(event) => {
          const { currentTarget: field } = event;
          onPick([...(field.files ?? [])]);
          field.value = ""; // or picking the same file again would say nothing
        }}
      />
    </>
  );
}

/** The pictures among what is pasted or dropped; none where there is text, which then wins. */
export function picturesIn(data: DataTransfer | null): File[] {
  if (data === null || data.getData("text/plain") !== "") return [];
  return [...data.files].filter((file) => file.type.startsWith("image/"));
}
