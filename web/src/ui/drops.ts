/** Pictures that are dropped on the page: they are taken where a message is written, and nowhere else. */
import { addPictures } from "./composer.tsx";
import { holdsFiles } from "./dropped-files.ts";
import { dropInto, filesIn } from "./use-pictures.ts";
import "./drops.css";

/** Takes pictures where a message is written, and refuses them elsewhere. The page itself `staysWhenDropped`. */
export function takeDrops(): void {
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    const place = placeOf(event);
    mark(place);
    if (place === undefined && event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
  });
  addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) mark(undefined);
  });
  addEventListener("drop", (event) => {
    mark(undefined);
    if (!holdsFiles(event)) return;
    const { value } = dropInto;
    if (value !== undefined && placeOf(event) !== undefined) addPictures(value, filesIn(event.dataTransfer));
  });
}

/** The thread beneath the pointer, if one can write in it. */
function placeOf({ target }: Event): HTMLElement | undefined {
  const main = target instanceof Element ? target.closest("main") : null;
  return main?.querySelector(".composer") == null ? undefined : main;
}

function mark(place: HTMLElement | undefined): void {
  for (const marked of document.querySelectorAll(".drop-here")) marked.classList.remove("drop-here");
  place?.classList.add("drop-here");
}
