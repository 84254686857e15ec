import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Thread } from "../../client/api.ts";
import { isFailure } from "../../client/failure.ts";
import { type Message, parseMessagePage } from "../../protocol/body.ts";
import { FailureNote } from "../../ui/failure-note.tsx";
import { words as sharedWords } from "../../ui/i18n/language.ts";
import { Picture, shotUrl } from "../../ui/picture.tsx";
import { showToast } from "../../ui/toast.tsx";
import { type Desk, useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { openPages, type Pages } from "../model/pages.ts";
import { type SharedImage, sharedImages } from "../model/shared-images.ts";
import { MoreButton } from "../more-button.tsx";

/** So many messages with pictures are asked for at a time. */
const pageSize = 12;

/** All pictures of the conversation, the latest first. */
export function Images({ id, thread }: { id: string; thread: Thread }) {
  const desk = useDesk();
  const words = consoleWords().context;
  const stored = useStored(desk, id);
  const section = useRef<HTMLElement>(null);
  const failure = stored.failure.value;
  const images = sharedImages(stored.rows.value, thread.entries.value);
  return (
    <section ref={section} class="c-section" aria-labelledby="images-title">
      <h3 id="images-title">{words.images}</h3>
      {images.length === 0 && stored.state.value === "ready" && <p class="c-hint">{words.imagesNone}</p>}
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
      {failure !== undefined && <FailureNote failure={failure} />}
      {(failure !== undefined || stored.hasMore.value) && (
        <MoreButton
          label={words.imagesMore}
          loading={stored.state.value === "loading"}
          onMore={() => (stored.hasMore.value ? stored.more() : stored.begin())}
          next={() => section.current?.querySelector<HTMLElement>(".c-images > :last-child")}
        />
      )}
    </section>
  );
}

/** The messages with pictures that the server has, the newest first. */
function useStored({ client }: Desk, id: string): Pages<Message> {
  const pages = useMemo(
    () =>
      openPages<Message>(async (before) => {
        const path = `/v1/conversations/${encodeURIComponent(id)}/images?limit=${pageSize}${before && `&before=${before}`}`;
        const page = await client.ask({ method: "GET", path }, parseMessagePage);
        if (isFailure(page)) return page;
        const cursor = page.more === true ? page.messages[0]?.seq : undefined;
        return { rows: [...page.messages].reverse(), cursor: cursor?.toString() };
      }),
    [client, id],
  );
  useEffect(() => {
    pages.begin();
    return pages.clear;
  }, [pages]);
  return pages;
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
