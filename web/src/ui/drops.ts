/** Pictures that are dropped on the page. Anywhere but on an open thread they would replace it with themselves. */
import { addPictures } from "./composer.tsx";
import { dropInto, filesIn } from "./use-pictures.ts";
import "./drops.css";

/** Takes pictures where a message is written, and refuses them elsewhere. */
export function takeDrops(): void {
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
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
    event.preventDefault();
    const { value } = dropInto;
    if (value !== undefined && placeOf(event) !== undefined) addPictures(value, filesIn(event.dataTransfer));
  });
}

/** Text is for the field to take. */
function holdsFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") === true;
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
