import { useEffect } from "preact/hooks";
import type { InboxFilter } from "../../client/api.ts";
import { Avatar } from "../../ui/avatar.tsx";
import { Icon } from "../../ui/icon.tsx";
import { buyerName, type Desk, useDesk } from "../desk.ts";
import { consoleWords } from "../i18n/words.ts";
import { ProductFilter } from "./product-filter.tsx";

/** Who is at the desk, the search, and what is listed. */
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
      <div class="c-filters">
        <Filters />
        <ProductFilter />
      </div>
      <ProductChip />
      <WithinChip />
    </header>
  );
}

function SettingsButton() {
  const desk = useDesk();
  const { title } = consoleWords().settings;
  return (
    <button
      class="icon-button"
      type="button"
      aria-label={title}
      title={title}
      aria-haspopup="dialog"
      onClick={() => {
        desk.dialog.value = "general";
      }}
    >
      <Icon name="settings" />
    </button>
  );
}

const SEARCH_ID = "search";

/** Leads to the search field, in a stack back to the list, where it is. */
export function focusSearch(desk: Desk): void {
  if (desk.arrangement.value === "stack") desk.leaveThread();
  desk.wishToSearch.value = true;
}

export function searchField(): HTMLInputElement | undefined {
  const field = document.getElementById(SEARCH_ID);
  return field instanceof HTMLInputElement ? field : undefined;
}

function Search() {
  const { client, search, wishToSearch } = useDesk();
  const { inbox } = client;
  const wished = wishToSearch.value;
  useEffect(() => {
    if (!wished) return;
    wishToSearch.value = false;
    searchField()?.focus();
    searchField()?.select();
  }, [wished, wishToSearch]);
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
          // What an input method is in the middle of is its own: its Esc takes back a word, not the search.
          if (event.isComposing) return;
          if (event.key === "Escape" && (text !== "" || search.within.value !== undefined)) {
            event.stopPropagation();
            if (text === "") search.within.value = undefined;
            inbox.setSearch("");
          } else if (event.key === "ArrowDown") {
            event.preventDefault();
            document.querySelector<HTMLElement>('.c-row[tabindex="0"]')?.focus();
          }
        }}
      />
    </search>
  );
}

const FILTERS: readonly InboxFilter[] = ["all", "unread", "waiting"];

function Filters() {
  const { client, search } = useDesk();
  const { inbox } = client;
  const words = consoleWords();
  if (search.within.value !== undefined) return null;
  return (
    <fieldset class="c-filter">
      <legend class="visually-hidden">{words.list.filter}</legend>
      {FILTERS.map((filter) => (
        <label key={filter}>
          <input
            type="radio"
            name="filter"
            class="visually-hidden"
            checked={inbox.filter.value === filter}
            onChange={() => inbox.setFilter(filter)}
          />
          <span>{words.list.filters[filter]}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** The one conversation that is searched, with the way out of it. */
function WithinChip() {
  const { search } = useDesk();
  const words = consoleWords().search;
  const within = search.within.value;
  if (within === undefined) return null;
  return (
    <p class="c-chip">
      <span class="c-chip-what">{words.within}</span>
      <bdi class="truncate">{buyerName(within)}</bdi>
      <button
        class="icon-button"
        type="button"
        aria-label={words.everywhere}
        onClick={() => {
          search.within.value = undefined;
          searchField()?.focus();
        }}
      >
        <Icon name="close" />
      </button>
    </p>
  );
}

/** The product that the list is about, with the way out of it. */
function ProductChip() {
  const { inbox } = useDesk().client;
  const words = consoleWords().list;
  const product = inbox.product.value;
  if (product === undefined) return null;
  return (
    <p class="c-chip">
      <span class="c-chip-what">{words.about}</span>
      <bdi class="truncate">{product.title}</bdi>
      <button
        class="icon-button"
        type="button"
        aria-label={words.aboutAll}
        onClick={() => {
          inbox.setProduct(undefined);
          searchField()?.focus();
        }}
      >
        <Icon name="close" />
      </button>
    </p>
  );
}
