/* Completion for search boxes: the combobox pattern of WAI-ARIA. Without this script they are plain forms. */
"use strict";

(() => {
  const WAIT = 120;

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function complete(input) {
    const list = element("ul", { id: `${input.id}-list`, role: "listbox", class: "suggestions", "aria-label": input.dataset.listLabel });
    const status = element("span", { role: "status", class: "ds-sr-only" });
    let rows = [];
    let active = -1;
    let timer = 0;
    let running = null;

    list.hidden = true;
    input.type = "text";
    for (const [key, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
      autocapitalize: "none", spellcheck: "false", enterkeyhint: "search",
    })) input.setAttribute(key, value);
    input.after(list, status);

    function close() {
      window.clearTimeout(timer);
      running?.abort();
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      choose(-1);
    }

    function choose(place) {
      active = place;
      [...list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === place)));
      if (place < 0) input.removeAttribute("aria-activedescendant");
      else {
        input.setAttribute("aria-activedescendant", list.children[place].id);
        list.children[place].scrollIntoView({ block: "nearest" });
      }
    }

    function show(found) {
      rows = found;
      list.replaceChildren(...rows.map((row, n) => {
        const name = element("bdi", row.language ? { lang: row.language } : {}, row.label);
        const met = row.matched && row.matched !== row.label ? `${row.matched} · ` : "";
        const kind = element("span", { class: "hint" }, met + row.kind);
        return element("li", { id: `${list.id}-${n}`, role: "option", "aria-selected": "false" }, name, " ", kind);
      }));
      active = -1;
      input.removeAttribute("aria-activedescendant");
      list.hidden = rows.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      status.textContent = rows.length ? input.dataset.listCount.replace("0", rows.length) : "";
    }

    async function ask() {
      const words = input.value.trim();
      if (!words) { close(); return; }
      running?.abort();
      running = new AbortController();
      const address = new URL(input.dataset.suggest, document.baseURI);
      address.searchParams.set("q", words);
      try {
        const answer = await fetch(address, { signal: running.signal, headers: { Accept: "application/json" } });
        if (answer.ok && document.activeElement === input) show(await answer.json());
      } catch (error) {
        if (error.name !== "AbortError") close();
      }
    }

    function go(place) {
      window.location.assign(rows[place].href);
    }

    input.addEventListener("input", (event) => {
      if (event.isComposing) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, WAIT);
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const count = list.children.length;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) { ask(); return; }
        if (event.altKey) { close(); return; }
        const step = event.key === "ArrowDown" ? 1 : -1;
        choose(active < 0 && step < 0 ? count - 1 : (active + step + 1 + count + 1) % (count + 1) - 1);
      } else if (event.key === "Enter" && !list.hidden && active >= 0) {
        event.preventDefault();
        go(active);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      } else if (event.key === "Tab") {
        close();
      }
    });
    input.addEventListener("blur", close);
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) go([...list.children].indexOf(option));
    });
  }

  // A static copy has an index of its own, and nobody who answers.
  if (!document.querySelector("script[data-index]")) document.querySelectorAll("input[data-suggest]").forEach(complete);
})();
