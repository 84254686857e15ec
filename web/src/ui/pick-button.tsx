import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { FirstIcon } from "./first-icon.tsx";
import { firstWords } from "./i18n/language.ts";
import type { ChoosePictures } from "./use-pictures.ts";

/** The types the server takes. Named, they also make iOS hand over JPEG instead of HEIC. */
const accepted = "image/jpeg,image/png,image/gif,image/webp";

export type PickButtonProps = {
  onPick(files: readonly File[]): void;
  disabled?: boolean;
  /** Another chooser, and how many there is room for. */
  choose?: ChoosePictures | undefined;
  room?: number;
};

/** Opens the device's own chooser for pictures or its camera, unless there is another. */
export function PickButton({ onPick, disabled = false, choose, room = 0 }: PickButtonProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const pick = (): void => {
    if (room < 1 || choose?.(room, onPick) !== true) input.current?.click();
  };
  return (
    <>
      <button
        type="button"
        class="icon-button"
        aria-label={firstWords().composer.addPictures}
        title={firstWords().composer.addPictures}
        disabled={disabled}
        onClick={pick}
      >
        <FirstIcon name="image" />
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
