// The query page with scripts: the form asks without leaving the page, and the answer can be sorted,
// copied and moved around in. Everything it shows is what the server's own page holds; see sparql.html.

const form = document.querySelector(".sparql-form");
const area = form.elements.query;
const answer = document.getElementById("answer");
const statusLine = form.querySelector(".sparql-status");
const words = JSON.parse(document.getElementById("sparql-words").textContent);
const LONGEST_ADDRESS = 7000;
const PLAIN = "sparql-plain";

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const collator = new Intl.Collator(words.language, { numeric: true });
let running = null;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function button(text, action, className = "") {
  const made = element("button", { type: "button", className: `ds-button ${className}`, textContent: text });
  made.dataset.variant = "secondary";
  made.dataset.size = "sm";
  made.addEventListener("click", action);
  return made;
}

// The field that holds the query: the text area, until the editor takes its place.
const plainField = {
  get text() { return area.value; },
  set text(value) { area.value = value; },
  focus() { area.focus(); },
  goTo(line, column) {
    const before = area.value.split("\n").slice(0, line - 1).join("\n");
    const at = (line > 1 ? before.length + 1 : 0) + column - 1;
    area.focus();
    area.setSelectionRange(at, at + 1);
  },
  mark() {},
};
let field = plainField;

function addressOf(text) {
  const address = new URL(form.action);
  address.searchParams.set("query", text);
  const language = form.elements.lang?.value;
  if (language) address.searchParams.set("lang", language);
  return address;
}

// Asking

async function ask(address, { body = null, keep = true } = {}) {
  running?.abort();
  const own = (running = new AbortController());
  setRunning(true);
  const start = performance.now();
  try {
    const method = body ? "POST" : "GET";
    const reply = await fetch(address, { method, body, headers: { Accept: "text/html" }, signal: own.signal });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    if (keep && !body) history.pushState(null, "", reply.url);
    show(page, performance.now() - start, reply.headers.get("Server-Timing"));
  } catch (failure) {
    statusLine.textContent = failure.name === "AbortError" ? words.stopped : words.failed;
  } finally {
    if (running === own) setRunning(false);
  }
}

function setRunning(is) {
  if (!is) running = null;
  form.querySelector(".sparql-run").textContent = is ? words.stop : words.run;
  answer.toggleAttribute("aria-busy", is);
  if (is) statusLine.textContent = words.running;
}

function show(page, milliseconds, timing) {
  const text = page.getElementById("query")?.value;
  if (text !== undefined && text.trim() !== field.text.trim()) field.text = text;
  const found = page.getElementById("answer") ?? page.querySelector("main");
  answer.replaceChildren(...(found?.childNodes ?? []));
  enhance(milliseconds, timing);
  const problem = answer.querySelector(".ds-alert h2, h1");
  statusLine.textContent = problem
    ? problem.textContent
    : [...answer.querySelectorAll(".answer-truth, .answer-count, .answer-time")]
        .map((part) => part.textContent).filter(Boolean).join(", ");
}

function run() {
  if (running) return running.abort();
  const text = field.text;
  area.value = text;
  const address = addressOf(text);
  const isLong = address.href.length > LONGEST_ADDRESS;
  if (form.elements.format.value !== "html") {
    form.method = isLong ? "post" : "get";
    return form.submit();
  }
  if (isLong) return ask(form.action, { body: new URLSearchParams({ query: text, format: "html" }) });
  return ask(address);
}

// The answer

function enhance(milliseconds, timing) {
  showTime(milliseconds, timing);
  showProblem();
  answer.querySelectorAll(".answer-table").forEach(makeSortable);
  answer.querySelectorAll(".snippet").forEach(makeCopyable);
  answer.querySelectorAll(".answer-map").forEach(watchMap);
}

function showTime(milliseconds, timing) {
  const line = answer.querySelector(".answer-time");
  if (!line || !milliseconds) return;
  const server = /dur=([\d.]+)/.exec(timing ?? "")?.[1];
  const round = (number) => new Intl.NumberFormat(words.language, { maximumSignificantDigits: 3 }).format(number);
  line.textContent = fill(server ? words.time : words["time-kept"], { ms: round(milliseconds), server: round(server) });
}

function showProblem() {
  const found = answer.querySelector("#query-problem");
  const [line, column] = [Number(found?.dataset.line), Number(found?.dataset.column)];
  field.mark(line ? { line, column, message: found.querySelector(".problem-detail").textContent } : null);
  area.toggleAttribute("aria-invalid", Boolean(found));
  if (!line) return;
  found.append(button(fill(words["go-to"], { line, column }), () => field.goTo(line, column)));
}

function makeSortable(table) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    const column = head.textContent;
    const press = element("button", { type: "button", className: "sort", textContent: column });
    press.title = fill(words.sort, { column });
    press.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...sorted([...body.rows], place, down));
      statusLine.textContent = fill(words.sorted, { column });
    });
    head.replaceChildren(press);
  });
}

function sorted(rows, place, down) {
  const keys = new Map(rows.map((row) => [row, row.cells[place].textContent.trim()]));
  const isNumber = rows.every((row) => !keys.get(row) || row.cells[place].classList.contains("numeric"));
  const compare = (a, b) => (isNumber ? Number(a) - Number(b) : collator.compare(a, b)) * (down ? -1 : 1);
  return rows.sort((one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    return a && b ? compare(a, b) : Boolean(b) - Boolean(a);
  });
}

function makeCopyable(part) {
  const code = part.querySelector("code");
  code.textContent = code.textContent.replaceAll(form.dataset.service, form.action);
  const press = button(words.copy, () => copy(code.textContent));
  press.append(element("span", { className: "ds-sr-only", textContent: `: ${part.querySelector("h3").textContent}` }));
  part.querySelector("h3").after(press);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const holder = element("textarea", { value: text, className: "ds-sr-only" });
    form.append(holder);
    holder.select();
    document.execCommand("copy");
    holder.remove();
  }
  statusLine.textContent = words.copied;
}

function copyLink() {
  const address = addressOf(field.text).href;
  if (address.length > LONGEST_ADDRESS) statusLine.textContent = words["too-long"];
  else copy(address);
}

function watchMap(figure) {
  const seen = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    const { drawMap } = await import("./sparql-map.js");
    drawMap(figure, { words, fill, ...form.dataset });
  }, { rootMargin: "200px" });
  seen.observe(figure);
}

// The editor

async function startEditor() {
  const { createEditor } = await import("./sparql-editor.js");
  const holder = element("div", { className: "sparql-editor" });
  area.after(holder);
  const made = createEditor({ holder, text: area.value, words, fill, run, ...form.dataset });
  form.addEventListener("formdata", (event) => field === made && event.formData.set("query", made.text));
  const toggle = button("", () => use(field === made ? plainField : made));
  toggle.dataset.variant = "tertiary";
  form.querySelector(".sparql-top").append(toggle);
  const hint = element("p", { className: "hint sparql-keys", textContent: words.keys });
  form.append(hint);

  function use(next) {
    const rich = next === made;
    if (next !== field) next.text = field.text;
    field = next;
    holder.hidden = hint.hidden = !rich;
    area.hidden = rich;
    toggle.textContent = rich ? words.plain : words.rich;
    localStorage.setItem(PLAIN, rich ? "" : "yes");
    showProblemMark();
  }
  use(localStorage.getItem(PLAIN) ? plainField : made);
}

function showProblemMark() {
  const found = answer.querySelector("#query-problem[data-line]");
  if (!found) return;
  const message = found.querySelector(".problem-detail").textContent;
  field.mark({ line: Number(found.dataset.line), column: Number(found.dataset.column), message });
}

// The page

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
area.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
form.querySelector("label[for=query]").addEventListener("click", () => field.focus());
document.querySelector(".sparql-examples")?.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ask(link.href);
});
addEventListener("popstate", () => ask(location.href, { keep: false }));

const copyButton = button(words["copy-link"], copyLink, "sparql-link");
form.querySelector(".sparql-bar").append(copyButton);
const examples = document.querySelector(".sparql-examples");
if (examples && matchMedia("(min-width: 62rem)").matches) examples.open = true;
const visit = performance.getEntriesByType("navigation")[0];
const spent = visit?.serverTiming?.find((entry) => entry.name === "query")?.duration;
enhance(visit && visit.responseEnd - visit.requestStart, spent === undefined ? "" : `dur=${spent}`);
(window.requestIdleCallback ?? setTimeout)(startEditor);
