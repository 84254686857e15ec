/** Files that are dropped on a page, which is replaced with them where nobody takes them. */

/** Whether files are dragged; text is for the field to take. */
export function holdsFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") === true;
}

/** Has the page stay what it is, before anything is there that takes files. */
export function staysWhenDropped(): void {
  const othersGoOn = (event: DragEvent) => !holdsFiles(event); // false: what the browser would do is not done
  window.ondragover = othersGoOn;
  window.ondrop = othersGoOn;
}
