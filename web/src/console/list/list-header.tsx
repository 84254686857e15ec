import type { InboxOrder } from "../../client/api.ts";
import { Avatar } from "../../ui/avatar.tsx";
import { Icon } from "../../ui/icon.tsx";
import { useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { SettingsButton } from "../settings.tsx";

/** Who is at the desk, the search and the order. */
export function ListHeader() {
  const { me } = useDesk();
  const shop =
    me.participant.name === undefined || me.participant.name === ""
      ? me.participant.uid
      : me.participant.name;
  return (
    <header class="c-list-header">
      <div class="c-me">
        <Avatar of={me.participant} />
        <div class="c-me-names">
          <strong class="truncate">
            <bdi>{shop}</bdi>
          </strong>
          {me.agent_name !== undefined && me.agent_name !== "" && (
            <span class="truncate">
              <bdi>{me.agent_name}</bdi>
            </span>
          )}
        </div>
        <SettingsButton />
      </div>
      <Search />
      <Order />
    </header>
  );
}

/** The id of the search field, for the key that jumps there. */
export const SEARCH_ID = "search";

function Search() {
  const { inbox } = useDesk().client;
  const words = consoleWords();
  const text = inbox.search.value;
  return (
    <search class="c-search">
      <Icon name="search" />
      <input
        id={SEARCH_ID}
        type="search"
        autocomplete="off"
        spellcheck={false}
        placeholder={words.list.search}
        aria-label={words.list.search}
        aria-keyshortcuts="Control+K Meta+K"
        value={text}
        onInput={(event) => inbox.setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && inbox.search.value !== "") {
            event.stopPropagation();
            inbox.setSearch("");
          } else if (event.key === "ArrowDown" && !event.isComposing) {
            event.preventDefault();
            document.querySelector<HTMLElement>('.c-row[tabindex="0"]')?.focus();
          }
        }}
      />
    </search>
  );
}

const ORDERS: readonly InboxOrder[] = ["newest", "unread"];

function Order() {
  const { inbox } = useDesk().client;
  const words = consoleWords();
  const names: Record<InboxOrder, string> = {
    newest: words.list.orderNewest,
    unread: words.list.orderUnread,
  };
  return (
    <fieldset class="c-order">
      <legend class="visually-hidden">{words.list.order}</legend>
      {ORDERS.map((order) => (
        <label key={order}>
          <input
            type="radio"
            name="order"
            class="visually-hidden"
            checked={inbox.order.value === order}
            onChange={() => inbox.setOrder(order)}
          />
          <span>{names[order]}</span>
        </label>
      ))}
    </fieldset>
  );
}
