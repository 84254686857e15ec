import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { words } from "./i18n/language.ts";
import { Icon } from "./icon.tsx";

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
