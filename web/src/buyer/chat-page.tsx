import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Client, Failure, ThreadAbout } from "../client/api.ts";
import { firstWords } from "../ui/i18n/language.ts";
import { later } from "../ui/later.ts";
import { lazy } from "../ui/lazy.tsx";
import { ChatView } from "./chat-view.tsx";
import { comebacks } from "./in-frame.ts";
import type { Route } from "./route.ts";
import type { UnavailableProps } from "./unavailable.tsx";

const loadUnavailable = later(() => import("./unavailable.tsx"));
const Unavailable = lazy<UnavailableProps>(async () => (await loadUnavailable()).Unavailable, Opening);

export type ChatPageProps = { client: Client; route: Exclude<Route, { kind: "inbox" }>; wide: boolean };

/** Opens what the address names: the thread with the seller of a product, or a known conversation. */
export function ChatPage({ client, route, wide }: ChatPageProps): JSX.Element {
  return route.kind === "product" ? (
    <ProductChat client={client} product={route.id} wide={wide} />
  ) : (
    <KnownChat client={client} conversation={route.id} wide={wide} />
  );
}

function KnownChat({
  client,
  conversation,
  wide,
}: {
  client: Client;
  conversation: string;
  wide: boolean;
}): JSX.Element {
  // Asked for once: asking for a thread that could not be opened tries again.
  const thread = useMemo(() => client.thread(conversation), [client, conversation]);
  const about = thread.conversation.value?.product?.id;
  const [begun, setBegun] = useState<ThreadAbout>();
  useEffect(() => {
    // Only to hear when the shop answers. Of a product that is gone it is not said.
    if (about !== undefined)
      void client.threadAbout(about).then((found) => "thread" in found && setBegun(found));
  }, [client, about, comebacks.value]);
  const failure = thread.failure.value;
  if (failure?.code === "not_found" && thread.entries.value.length === 0)
    return <Unavailable client={client} failure={failure} wide={wide} />;
  return (
    <ChatView
      client={client}
      thread={thread}
      product={undefined}
      merchant={undefined}
      closed={begun?.closed}
      replies={begun?.replies_within_ms}
      wide={wide}
    />
  );
}

type Opened = ThreadAbout | Failure | undefined;

function isOpen(opened: Opened): boolean {
  return opened !== undefined && "thread" in opened;
}

function ProductChat({
  client,
  product,
  wide,
}: {
  client: Client;
  product: string;
  wide: boolean;
}): JSX.Element {
  const [opened, setOpened] = useState<Opened>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let wanted = true;
    // What is open stays until there is something newer.
    const take = (found: Opened) =>
      wanted && setOpened((now) => (isOpen(now) && !isOpen(found) ? now : found));
    take(undefined);
    client.threadAbout(product).then(take, () => take({ code: "internal", message: "not opened" }));
    return () => {
      wanted = false;
    };
  }, [client, product, attempt, comebacks.value]);
  // Once there is a connection again it opens by itself.
  const online = client.connection.value.kind === "online";
  useEffect(() => {
    if (online && opened !== undefined && "code" in opened && mayPass.has(opened.code))
      setAttempt(attempt + 1);
  }, [online]);
  if (opened === undefined) return <Opening />;
  if ("code" in opened)
    return (
      <Unavailable
        client={client}
        product={product}
        failure={asProduct(opened)}
        wide={wide}
        onRetry={() => setAttempt(attempt + 1)}
      />
    );
  return (
    <ChatView
      client={client}
      thread={opened.thread}
      product={opened.product}
      merchant={opened.merchant}
      closed={opened.closed}
      replies={opened.replies_within_ms}
      wide={wide}
    />
  );
}

/** What a lost connection alone can be the reason of. */
const mayPass: ReadonlySet<string> = new Set(["offline", "timeout", "unavailable"]);

/** What is not found here is the product. */
function asProduct(failure: Failure): Failure {
  return failure.code === "not_found" ? { ...failure, code: "product_gone" } : failure;
}

/** The page's outline while it is found out whom it is about. */
function Opening(): JSX.Element {
  return (
    <main class="chat" aria-busy="true">
      <div class="chat-head">
        <span class="ghost ghost-avatar" />
        <span class="ghost ghost-name" />
      </div>
      <div class="chat-product">
        <span class="ghost ghost-picture" />
        <span class="ghost ghost-title" />
      </div>
      <span class="visually-hidden" role="status">
        {firstWords().app.loading}
      </span>
    </main>
  );
}
