/** What draws the messages of a thread. Who opens the chat for the first time has none yet: it is a part of its own. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Thread } from "../client/api.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { FirstIcon } from "../ui/first-icon.tsx";
import { firstWords } from "../ui/i18n/language.ts";
import { later, shown } from "../ui/later.ts";
import type { MessageList, MessageListProps } from "../ui/message-list.tsx";
import { ThreadBlank } from "../ui/thread-blank.tsx";

const loaded = signal<typeof MessageList | undefined>(undefined);
const failed = signal(false);

const load = later(async () => {
  const { MessageList } = await import("../ui/message-list.tsx");
  loaded.value = MessageList;
  failed.value = false;
});

function loadMessages(): void {
  if (loaded.peek() !== undefined) return;
  failed.value = false;
  load().catch(() => {
    failed.value = true;
  });
}

/** Whether all of a thread's messages are on the screen that are known, or will not be. */
export function drawn(thread: Thread): boolean {
  return thread.entries.value.length === 0 || loaded.value !== undefined || failed.value;
}

/** The messages of a thread, or what stands there until there are any. */
export function Messages(props: MessageListProps): JSX.Element {
  const { thread, empty } = props;
  const any = thread.entries.value.length > 0;
  // Beside the messages themselves, which are then on their way; else before one has written the first.
  const soon = any || thread.conversation.value !== undefined || shown.value;
  useEffect(() => {
    if (soon) loadMessages();
  }, [soon, any]);
  const List = loaded.value;
  if (List !== undefined && any) return <List {...props} />;
  return any && failed.value ? <NotLoaded /> : <ThreadBlank thread={thread} empty={empty} />;
}

function NotLoaded(): JSX.Element {
  const { notLoaded, reload } = firstWords().app;
  return (
    <div class="thread-blank" role="alert">
      <EmptyState icon={<FirstIcon name="alert" />} title={notLoaded}>
        <button type="button" class="button" onClick={() => location.reload()}>
          {reload}
        </button>
      </EmptyState>
    </div>
  );
}
