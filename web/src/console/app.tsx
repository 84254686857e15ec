import { effect } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Client } from "../client/api.ts";
import type { Me } from "../protocol/body.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { failureText } from "../ui/i18n/failure-text.ts";
import { words as sharedWords } from "../ui/i18n/language.ts";
import { Icon } from "../ui/icon.tsx";
import { useLater } from "../ui/later.ts";
import { lazy, sayNotLoaded } from "../ui/lazy.tsx";
import { Toasts } from "../ui/toast.tsx";
import { attend } from "./attend/attend.ts";
import { type Bell, openBell } from "./attend/bell.ts";
import { CONTEXT_ID, ContextPane } from "./context/context-pane.tsx";
import { type Desk, DeskContext, isBlocked, openDesk, useDesk } from "./desk.ts";
import { EDITOR_ID } from "./editor/editor.tsx";
import { Help } from "./help.tsx";
import { consoleWords } from "./i18n/words.ts";
import { ListPane } from "./list/list-pane.tsx";
import { CONTEXT_PANE, LIST_PANE, paneWidth, THREAD_MIN } from "./model/panes.ts";
import { keepsDrafts } from "./model/signed-out.ts";
import type { SettingsProps } from "./settings/settings.tsx";
import { useShortcuts } from "./shortcuts.ts";
import { Splitter } from "./splitter.tsx";
import { ThreadPane } from "./thread/thread-pane.tsx";

const Settings = lazy<SettingsProps>(async () => (await import("./settings/settings.tsx")).Settings);

/** The console: whatever there is to say before there is a seller, then the seller's desk. */
export function App({ client }: { client: Client }) {
  const bell = useMemo(openBell, []);
  useEffect(() => bell.dispose, [bell]);
  const stuck = client.stuck.value;
  useEffect(() => {
    if (stuck) sayNotLoaded();
  }, [stuck]);
  useLater(client.connection.value.kind === "online");
  return (
    <>
      <Door client={client} bell={bell} />
      <Toasts />
    </>
  );
}

function Door({ client, bell }: { client: Client; bell: Bell }) {
  const words = consoleWords();
  const connection = client.connection.value;
  const me = client.me.value;
  if (connection.kind === "signed_out") return <SignedOut code={connection.code} seated={me !== undefined} />;
  if (me !== undefined && me.side !== "merchant") {
    return <FullPage title={words.notMerchant.title} body={words.notMerchant.body} />;
  }
  if (me !== undefined) return <Seated key={me.participant.uid} client={client} me={me} bell={bell} />;
  if (connection.kind === "offline") {
    return (
      <FullPage title={words.unreachable.title} body={words.unreachable.body}>
        <button class="button primary" type="button" onClick={() => client.wake()}>
          {sharedWords().connection.retryNow}
        </button>
      </FullPage>
    );
  }
  return (
    <main class="c-page" role="status" aria-busy="true">
      <span class="c-spinner" aria-hidden="true" />
      <p>{words.app.loading}</p>
    </main>
  );
}

/** Codes that mean: somebody is signed in, but not as a seller. */
const DENIED: ReadonlySet<string> = new Set(["denied", "not_merchant", "wrong_side"]);

function SignedOut({ code, seated }: { code: string; seated: boolean }) {
  const words = consoleWords();
  if (DENIED.has(code)) return <FullPage title={words.notMerchant.title} body={words.notMerchant.body} />;
  const { title, body, kept } = words.signedOut;
  const why = code === "another_user" ? failureText(sharedWords(), { code, message: "" }) : body;
  return (
    <FullPage title={title} body={keepsDrafts(code, seated) ? `${why} ${kept}` : why}>
      <button class="button primary" type="button" onClick={() => location.reload()}>
        {words.signedOut.again}
      </button>
    </FullPage>
  );
}

type FullPageProps = { title: string; body: string; children?: preact.ComponentChildren };

function FullPage({ title, body, children }: FullPageProps) {
  return (
    <main class="c-page">
      <h1 class="visually-hidden">{consoleWords().app.title}</h1>
      <EmptyState icon={<Icon name="user" />} title={title} body={body}>
        {children}
      </EmptyState>
    </main>
  );
}

function Seated({ client, me, bell }: { client: Client; me: Me; bell: Bell }) {
  // The limits in `me` may be renewed with each connection; whose desk it is does not change.
  const desk = useMemo(() => openDesk(client, me, bell), [client, me.participant.uid, bell]);
  useEffect(() => desk.leave, [desk]);
  useEffect(() => attend(desk, bell), [desk, bell]);
  useEffect(() => effect(() => client.inbox.keep(desk.open.value)), [client, desk]);
  return (
    <DeskContext.Provider value={desk}>
      <Panes />
    </DeskContext.Provider>
  );
}

function Panes() {
  const desk = useDesk();
  useShortcuts(desk);
  const open = desk.open.value;
  const arranged = desk.arrangement.value;
  const widths = paneWidths(desk);
  const beside = arranged === "beside" && widths.contextShown;
  const details = open !== undefined && (beside || (arranged !== "beside" && desk.overlay.value));
  useWayBack(details);
  return (
    <main
      class="c-console"
      data-arrangement={arranged}
      data-density={desk.prefs.prefs.value.density}
      data-open={open !== undefined}
      data-context={beside}
      style={{ "--list-width": `${widths.list}px`, "--context-width": `${widths.context}px` }}
    >
      <h1 class="visually-hidden">{consoleWords().app.title}</h1>
      {open !== undefined && !isBlocked(desk.client.thread(open).conversation.value) && (
        <a class="c-skip" href={`#${EDITOR_ID}`}>
          {consoleWords().app.skip}
        </a>
      )}
      {(arranged !== "stack" || open === undefined) && <ListPane />}
      {arranged !== "stack" && <Splitters {...widths} />}
      {(arranged !== "stack" || open !== undefined) && <ThreadPane />}
      {details && <ContextPane id={open} />}
      <OpenDialog />
    </main>
  );
}

/** Who closes the details from within is at the button that shows them. */
function useWayBack(details: boolean): void {
  const shown = useRef(false);
  useLayoutEffect(() => {
    if (shown.current && !details && document.activeElement === document.body)
      document.querySelector<HTMLElement>(`[aria-controls="${CONTEXT_ID}"]`)?.focus();
    shown.current = details;
  }, [details]);
}

function OpenDialog() {
  const desk = useDesk();
  const open = desk.dialog.value;
  // A dialog says that it is closed a moment later: by then another one may be open.
  const close = () => {
    if (desk.dialog.value === open) desk.dialog.value = undefined;
  };
  if (open === undefined) return null;
  return open === "help" ? <Help onClose={close} /> : <Settings section={open} onClose={close} />;
}

type Widths = { list: number; context: number; contextShown: boolean; room: number };

/** What the panes get of the window: the thread's share is safe from both of them. */
function paneWidths(desk: Desk): Widths {
  const { listWidth, contextWidth, contextOpen } = desk.prefs.prefs.value;
  const contextShown = desk.arrangement.value === "beside" && contextOpen && desk.open.value !== undefined;
  const room = desk.viewport.value - THREAD_MIN;
  const list = paneWidth(listWidth, LIST_PANE, room - (contextShown ? CONTEXT_PANE.min : 0));
  return { list, context: paneWidth(contextWidth, CONTEXT_PANE, room - list), contextShown, room };
}

function Splitters({ list, context, contextShown, room }: Widths) {
  const { prefs } = useDesk();
  const words = consoleWords().split;
  return (
    <>
      <Splitter
        label={words.list}
        controls="pane-list"
        pane="start"
        width={list}
        bounds={LIST_PANE}
        available={room - (contextShown ? CONTEXT_PANE.min : 0)}
        onResize={(listWidth) => prefs.change({ listWidth })}
      />
      {contextShown && (
        <Splitter
          label={words.context}
          controls="pane-context"
          pane="end"
          width={context}
          bounds={CONTEXT_PANE}
          available={room - list}
          onResize={(contextWidth) => prefs.change({ contextWidth })}
        />
      )}
    </>
  );
}
