import { useEffect, useState } from "preact/hooks";
import type { Failure, Thread } from "../../client/api.ts";
import { isFailure } from "../../client/failure.ts";
import { type Message, type MessagePage, parseMessagePage } from "../../protocol/body.ts";
import { FailureNote } from "../../ui/failure-note.tsx";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { Picture, shotUrl } from "../../ui/picture.tsx";
import { showToast } from "../../ui/toast.tsx";
import { type Desk, useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { type SharedImage, sharedImages } from "../model/shared-images.ts";

/** So many messages with pictures are asked for at a time. */
const pageSize = 12;

/** All pictures of the conversation, the latest first. */
export function Images({ id, thread }: { id: string; thread: Thread }) {
  const desk = useDesk();
  const words = consoleWords().context;
  const stored = useStored(desk, id);
  const images = sharedImages(stored.messages, thread.entries.value);
  return (
    <section class="c-section" aria-labelledby="images-title">
      <h3 id="images-title">{words.images}</h3>
      {images.length === 0 && stored.state === "ready" && <p class="c-hint">{words.imagesNone}</p>}
      {images.length > 0 && (
        <div class="c-images">
          {images.map((image, i) => (
            <Picture
              key={`${image.seq}/${image.shot.index}`}
              client={desk.client}
              of={image.key}
              shot={image.shot}
              box="grid"
              name={words.image(desk.labels.value.full(image.at))}
              onOpen={() => void show(desk, images, i)}
            />
          ))}
        </div>
      )}
      {stored.failure !== undefined && <FailureNote failure={stored.failure} />}
      {stored.more && (
        <button
          class="button quiet"
          type="button"
          disabled={stored.state === "loading"}
          onClick={() => stored.load()}
        >
          {words.imagesMore}
        </button>
      )}
    </section>
  );
}

type Stored = {
  messages: readonly Message[];
  state: "loading" | "ready";
  failure: Failure | undefined;
  more: boolean;
};

/** The messages with pictures that the server has, in order, page by page from the newest. */
function useStored({ client }: Desk, id: string): Stored & { load(): void } {
  const [stored, setStored] = useState<Stored>({
    messages: [],
    state: "loading",
    failure: undefined,
    more: true,
  });
  const load = (): void => {
    const before = stored.messages[0]?.seq;
    setStored((now) => ({ ...now, state: "loading" }));
    const path = `/v1/conversations/${encodeURIComponent(id)}/images?limit=${pageSize}${before === undefined ? "" : `&before=${before}`}`;
    void client
      .ask({ method: "GET", path }, parseMessagePage)
      .then((page) => setStored((now) => joined(now, page)));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation is another list, drawn anew.
  useEffect(load, []);
  return { ...stored, load };
}

function joined(now: Stored, page: MessagePage | Failure): Stored {
  if (isFailure(page)) return { ...now, state: "ready", failure: page, more: true };
  return {
    messages: [...page.messages, ...now.messages],
    state: "ready",
    failure: undefined,
    more: page.more === true,
  };
}

async function show(desk: Desk, images: readonly SharedImage[], at: number): Promise<void> {
  const words = consoleWords().context;
  const slides = images.map(({ key, shot, at: sentAt }) => ({
    ...(shotUrl(desk.client, key, shot) ?? { url: "", thumb: "" }),
    width: shot.width,
    height: shot.height,
    name: words.image(desk.labels.value.full(sentAt)),
  }));
  const opened = slides[at];
  const known = slides.filter((slide) => slide.url !== "");
  if (opened === undefined) return;
  try {
    const { openLightbox } = await import("../../ui/lightbox.ts");
    await openLightbox(known, Math.max(0, known.indexOf(opened)));
  } catch {
    showToast(sharedWords().lightbox.error);
  }
}
