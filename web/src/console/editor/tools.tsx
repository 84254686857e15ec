import { useRef } from "preact/hooks";
import { EmojiButton } from "../../ui/emoji-button.tsx";
import { Icon } from "../../ui/icon.tsx";
import { consoleWords } from "../i18n/words.ts";

type EditorToolsProps = {
  onEmoji: (emoji: string) => void;
  onFiles: (files: readonly File[]) => void;
  onPhrases: () => void;
  onProducts: () => void;
  status: string | undefined;
};

/** The row above the field. */
export function EditorTools({ onEmoji, onFiles, onPhrases, onProducts, status }: EditorToolsProps) {
  const words = consoleWords().editor;
  const picker = useRef<HTMLInputElement>(null);
  return (
    <div class="c-tools">
      <EmojiButton onPick={onEmoji} />
      <button
        class="icon-button"
        type="button"
        title={words.addPicture}
        aria-label={words.addPicture}
        onClick={() => picker.current?.click()}
      >
        <Icon name="image" />
      </button>
      <input
        ref={picker}
        hidden
        type="file"
        accept="image/*"
        multiple
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <button
        class="icon-button"
        type="button"
        title={consoleWords().phrases.open}
        aria-label={consoleWords().phrases.open}
        onClick={onPhrases}
      >
        <Icon name="phrases" />
      </button>
      <button
        class="icon-button"
        type="button"
        title={consoleWords().products.title}
        aria-label={consoleWords().products.title}
        aria-haspopup="dialog"
        onClick={onProducts}
      >
        <Icon name="bag" />
      </button>
      <span class="c-tools-status" role="status">
        {status}
      </span>
    </div>
  );
}
