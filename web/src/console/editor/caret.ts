/** The caret of an editable element. */
export type Caret = ReturnType<typeof rememberCaret>;

/** Keeps where the caret was while another control (emoji, file dialog) has the focus. */
export function rememberCaret(host: HTMLElement, moved: () => void) {
  let last: Range | undefined;
  const doc = host.ownerDocument;
  /** Where it is, which is told of a little later than what is typed. */
  const now = (): Range | undefined => {
    const selection = doc.getSelection();
    const range = selection === null || selection.rangeCount === 0 ? undefined : selection.getRangeAt(0);
    return range !== undefined && host.contains(range.commonAncestorContainer) ? range : undefined;
  };
  const note = () => {
    const range = now();
    if (range === undefined) return;
    last = range.cloneRange();
    moved();
  };
  doc.addEventListener("selectionchange", note);

  function end(): Range {
    const range = doc.createRange();
    range.selectNodeContents(host);
    range.collapse(false);
    return range;
  }

  function select(range: Range): void {
    last = range;
    const selection = doc.getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
  }

  function holdsSelection(): boolean {
    const anchor = doc.getSelection()?.anchorNode ?? null;
    return doc.activeElement === host && anchor !== null && host.contains(anchor);
  }

  return {
    before: () => {
      const [node, offset] = textAt(now() ?? last) ?? [];
      let text = node?.data.slice(0, offset) ?? "";
      // Browsers split what is typed as they like.
      for (let at = node?.previousSibling; at instanceof Text; at = at.previousSibling) text = at.data + text;
      return text;
    },
    selectBefore: (count: number) => {
      const [node, offset] = textAt(now() ?? last) ?? [];
      const range = node === undefined || offset === undefined ? undefined : rangeBefore(node, offset, count);
      if (range !== undefined) select(range);
    },
    stop: () => doc.removeEventListener("selectionchange", note),
    set: (range: Range | undefined) => {
      host.focus({ preventScroll: true });
      if (range !== undefined) select(range);
    },
    /** How far into the field it is: a break and a picture count as one character. */
    offset: () => offsetOf(host, now() ?? last ?? end()),
    to: (offset: number) => {
      last = placeAt(host, offset) ?? end();
      if (doc.activeElement === host) select(last);
    },
    restore: () => {
      if (holdsSelection()) return;
      const range = last !== undefined && host.contains(last.commonAncestorContainer) ? last : end();
      host.focus({ preventScroll: true });
      select(range);
    },
  };
}

/** The text node that a caret is in and how far, if it is in one. */
function textAt(range: Range | undefined): [Text, number] | undefined {
  const node = range?.startContainer;
  return node instanceof Text && range?.collapsed === true ? [node, range.startOffset] : undefined;
}

/** The last `count` characters before a place in text, which may have been split into several nodes. */
function rangeBefore(end: Text, offset: number, count: number): Range | undefined {
  let node = end;
  let from = offset - count;
  for (; from < 0 && node.previousSibling instanceof Text; from += node.length) node = node.previousSibling;
  if (from < 0) return undefined;
  const range = end.ownerDocument.createRange();
  range.setStart(node, from);
  range.setEnd(end, offset);
  return range;
}

/** What takes up room in the text: runs of characters, breaks, pictures. */
function leavesOf(host: HTMLElement): Node[] {
  const walker = host.ownerDocument.createTreeWalker(host, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  const leaves: Node[] = [];
  while (walker.nextNode() !== null) {
    const node = walker.currentNode;
    if (node instanceof Text || node.nodeName === "BR" || node.nodeName === "IMG") leaves.push(node);
  }
  return leaves;
}

function lengthOf(leaf: Node): number {
  return leaf instanceof Text ? leaf.length : 1;
}

function offsetOf(host: HTMLElement, { startContainer, startOffset }: Range): number {
  if (!host.contains(startContainer)) return Number.POSITIVE_INFINITY;
  const point = host.ownerDocument.createRange();
  point.setStart(startContainer, startOffset);
  let offset = 0;
  for (const leaf of leavesOf(host)) {
    if (leaf === startContainer) return offset + startOffset;
    if (point.comparePoint(leaf.parentNode ?? host, indexOf(leaf)) >= 0) return offset;
    offset += lengthOf(leaf);
  }
  return offset;
}

function indexOf(node: Node): number {
  return [...(node.parentNode?.childNodes ?? [])].indexOf(node as ChildNode);
}

/** A collapsed range that far into the field; undefined at its end and beyond. */
function placeAt(host: HTMLElement, offset: number): Range | undefined {
  const range = host.ownerDocument.createRange();
  let left = offset;
  for (const leaf of leavesOf(host)) {
    if (left < lengthOf(leaf) || (leaf instanceof Text && left === leaf.length)) {
      if (leaf instanceof Text) range.setStart(leaf, left);
      else range.setStartBefore(leaf);
      range.collapse(true);
      return range;
    }
    left -= lengthOf(leaf);
  }
  return undefined;
}
