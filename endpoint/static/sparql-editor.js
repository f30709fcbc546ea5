// The query editor: CodeMirror, and what it offers from the graph itself.
// It lives in a shadow root, where its styles need no exception from the Content-Security-Policy.

import {
  autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap,
  drawSelection, EditorState, EditorView, forceLinting, highlightSpecialChars, HighlightStyle, history,
  historyKeymap, indentUnit, keymap, lineNumbers, linter, lintGutter, lintKeymap, Prec, sparql,
  StreamLanguage, syntaxHighlighting, tags,
} from "./vendor/codemirror.js";
import { declared, nameOf, placeAt, TOKEN, tokens, variables, withPrefix } from "./sparql-text.js";

const KEYWORDS = (
  "SELECT DISTINCT REDUCED WHERE OPTIONAL FILTER UNION MINUS BIND VALUES GRAPH GROUP_BY ORDER_BY HAVING LIMIT " +
  "OFFSET ASC DESC ASK CONSTRUCT DESCRIBE FROM PREFIX NOT_EXISTS EXISTS AS IN UNDEF"
).split(" ").map((word) => word.replace("_", " "));
const FUNCTIONS = (
  "COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT STR LANG LANGMATCHES DATATYPE BOUND IRI BNODE RAND ABS CEIL FLOOR " +
  "ROUND CONCAT STRLEN UCASE LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY " +
  "HOURS MINUTES SECONDS TIMEZONE TZ NOW COALESCE IF STRLANG STRDT SAMETERM ISIRI ISBLANK ISLITERAL ISNUMERIC " +
  "REGEX SUBSTR REPLACE"
).split(" ");
const MOST = 60;

const colour = (name, kind = "text-subtle") => `var(--ds-color-${name}-${kind})`;
const look = EditorView.theme({
  "&": { backgroundColor: colour("neutral", "surface-default"), color: colour("neutral", "text-default") },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.55", minHeight: "17rem", maxHeight: "70vh" },
  ".cm-content": { caretColor: colour("neutral", "text-default"), padding: "0.6rem 0" },
  ".cm-cursor": { borderLeftColor: colour("neutral", "text-default"), borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "transparent", color: colour("neutral"), border: "0" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: colour("info", "surface-active") },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: colour("info", "surface-active") },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: colour("danger", "surface-active") },
  ".cm-tooltip": {
    backgroundColor: colour("neutral", "surface-default"), color: colour("neutral", "text-default"),
    border: `1px solid ${colour("neutral", "border-default")}`, borderRadius: "0.4rem", overflow: "hidden",
    boxShadow: "0 4px 16px rgb(0 0 0 / 0.15)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", maxHeight: "16rem", maxWidth: "min(34rem, 90vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.25rem 0.6rem", lineHeight: "1.4" },
  ".cm-tooltip-autocomplete ul li[aria-selected]":
    { backgroundColor: colour("info", "base-default"), color: colour("info", "base-contrast-default") },
  ".cm-completionDetail": { fontStyle: "normal", marginLeft: "0.75rem", fontFamily: "var(--ds-font-family)" },
  ".cm-diagnostic": { padding: "0.4rem 0.7rem", fontFamily: "var(--ds-font-family)" },
  ".cm-diagnosticAction": {
    backgroundColor: colour("info", "base-default"), color: colour("info", "base-contrast-default"),
    padding: "0.3rem 0.6rem", borderRadius: "0.3rem",
  },
  ".cm-lintRange-error": {
    backgroundImage: "none", textDecoration: `underline wavy ${colour("danger", "border-strong")}`,
    textUnderlineOffset: "3px",
  },
});
const highlights = HighlightStyle.define([
  { tag: tags.keyword, color: colour("brand1"), fontWeight: "600" },
  { tag: [tags.variableName, tags.local(tags.variableName)], color: colour("info") },
  { tag: [tags.string, tags.number], color: colour("success") },
  { tag: [tags.atom, tags.url], color: colour("brand2") },
  { tag: tags.comment, color: colour("neutral"), fontStyle: "italic" },
  { tag: [tags.meta, tags.operator, tags.bracket], color: colour("neutral") },
]);

export function createEditor({ holder, text, words, fill, run, completions, suggest }) {
  const root = holder.attachShadow({ mode: "open" });
  const graph = fetch(completions).then((reply) => reply.json()).catch(() => ({ prefixes: {}, classes: [], properties: [] }));
  let problem = null;
  const lint = (view) => lintOf(view, problem, graph, words, fill);
  const view = new EditorView({
    parent: root,
    root,
    doc: text,
    extensions: [
      lineNumbers(), highlightSpecialChars(), history(), drawSelection(), indentUnit.of("  "), bracketMatching(),
      closeBrackets(), StreamLanguage.define(sparql), syntaxHighlighting(highlights), look,
      EditorView.lineWrapping, lintGutter(), linter(lint, { delay: 400 }),
      autocompletion({ override: [(context) => offer(context, graph, suggest, words)], icons: false, maxRenderedOptions: MOST }),
      EditorState.phrases.of({ Completions: words.examples }),
      EditorView.contentAttributes.of({ "aria-label": words.query, "aria-description": words.keys, spellcheck: "false" }),
      Prec.highest(keymap.of([{ key: "Mod-Enter", run: () => (run(), true) }])),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...defaultKeymap, ...historyKeymap]),
    ],
  });
  return {
    get text() { return view.state.doc.toString(); },
    set text(value) { view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } }); },
    focus() { view.focus(); },
    goTo(line, column) {
      const at = positionOf(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    mark(found) {
      problem = found && { ...found, doc: view.state.doc };
      forceLinting(view);
      if (found) view.dispatch({ effects: EditorView.scrollIntoView(positionOf(view.state.doc, found.line, found.column)) });
    },
  };
}

function positionOf(doc, number, column) {
  const line = doc.line(Math.max(1, Math.min(number, doc.lines)));
  const before = [...line.text].slice(0, column - 1).join("");
  return Math.min(line.from + before.length, line.to);
}

// What is wrong: what the service said of this very text, and prefixes that nothing declares.

async function lintOf(view, problem, graph, words, fill) {
  const { doc } = view.state;
  const found = problem && problem.doc.eq(doc) ? [diagnosticOf(doc, problem)] : [];
  const { prefixes } = await graph;
  const known = declared(doc.toString());
  for (const token of tokens(doc.toString())) {
    const prefix = token.kind === "name" ? token.text.slice(0, token.text.indexOf(":")) : null;
    if (prefix === null || prefix in known || prefix === "_") continue;
    found.push({
      from: token.from,
      to: token.to,
      severity: "error",
      message: fill(words["no-prefix"], { prefix }),
      actions: prefix in prefixes ? [addPrefix(prefix, prefixes, words, fill)] : [],
    });
  }
  return found;
}

function diagnosticOf(doc, { line, column, message }) {
  const from = positionOf(doc, line, column);
  const rest = doc.lineAt(from).text.slice(from - doc.lineAt(from).from);
  const width = TOKEN.exec(rest)?.[0].length || 1;
  return { from, to: Math.min(from + width, doc.length), severity: "error", message };
}

function addPrefix(prefix, prefixes, words, fill) {
  return {
    name: fill(words["add-prefix"], { prefix }),
    apply(view) {
      view.dispatch({ changes: { from: 0, insert: `PREFIX ${prefix}: <${prefixes[prefix]}>\n` } });
    },
  };
}

// What to offer at a place in the query

async function offer(context, graph, suggest, words) {
  const word = context.matchBefore(/[?$]?[\p{L}\p{N}_:.-]*$/u);
  const typed = word?.text ?? "";
  if (!typed && !context.explicit) return null;
  const whole = context.state.doc.toString();
  const place = placeAt(whole, context.pos - typed.length);
  if (!place) return null;
  const known = await graph;
  const options = await optionsFor(place, typed, known, whole, suggest, words);
  if (context.aborted || !options.length) return null;
  return { from: context.pos - typed.length, options: options.slice(0, MOST * 2), filter: false };
}

async function optionsFor(place, typed, graph, whole, suggest, words) {
  if (place.at === "prefix") return matching(prefixOptions(graph), typed);
  if (/^[?$]/.test(typed)) return matching(variableOptions(whole, typed), typed);
  if (place.at === "predicate") {
    return matching([{ label: "a", detail: words.class, type: "keyword" }, ...propertyOptions(graph, place.types)], typed);
  }
  if (place.at === "class") return matching(classOptions(graph), typed);
  if (place.at === "expression") {
    return matching([...plain(FUNCTIONS, "function"), ...plain(["DISTINCT", "AS", "NOT EXISTS", "IN"], "keyword"), ...propertyOptions(graph, [])], typed);
  }
  const things = typed.length > 1 ? await thingOptions(graph, typed, suggest) : [];
  if (place.at === "object") return things;
  return [...matching(plain(KEYWORDS, "keyword"), typed), ...things];
}

const plain = (names, type) => names.map((label) => ({ label, type }));
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ø/g, "o").replace(/æ/g, "ae");

function matching(options, typed) {
  const wanted = fold(typed);
  const rank = ({ label, words: named = "" }) => {
    const [name, local, text] = [fold(label), fold(label.slice(label.indexOf(":") + 1)), fold(named)];
    if (name.startsWith(wanted) || local.startsWith(wanted)) return 0;
    if (text.startsWith(wanted)) return 1;
    return name.includes(wanted) || text.includes(wanted) ? 2 : 3;
  };
  const ranked = options.map((option) => [rank(option), option]).filter(([found]) => found < 3);
  return ranked.sort(([one], [other]) => one - other).map(([, option]) => option);
}

const number = (count) => new Intl.NumberFormat(document.documentElement.lang).format(count);

function termOption(entry, type, prefixes) {
  const detail = [entry.label, entry.count === undefined ? "" : number(entry.count)].filter(Boolean).join(" · ");
  return { label: entry.name, words: entry.label, detail, type, apply: withPrefix(entry.name, prefixes) };
}

const classOptions = ({ classes, prefixes }) => classes.map((entry) => termOption(entry, "class", prefixes));

function propertyOptions({ classes, properties, prefixes }, types) {
  const used = new Set(classes.filter(({ name }) => types.includes(name)).flatMap((entry) => entry.properties));
  const first = [...used].map((place) => properties[place]);
  const rest = properties.filter((_, place) => !used.has(place));
  return [...first, ...rest].map((entry) => termOption(entry, "property", prefixes));
}

function prefixOptions({ prefixes }) {
  return Object.entries(prefixes).map(([prefix, namespace]) => (
    { label: `${prefix}:`, detail: namespace, type: "namespace", apply: `${prefix}: <${namespace}>` }
  ));
}

function variableOptions(whole, typed) {
  return [...variables(whole)].filter((label) => label !== typed).map((label) => ({ label, type: "variable" }));
}

async function thingOptions({ prefixes }, typed, suggest) {
  const address = new URL(suggest, location.href);
  address.searchParams.set("q", typed.slice(typed.indexOf(":") + 1));
  const found = await fetch(address).then((reply) => reply.json()).catch(() => []);
  return found.map(({ iri, label }) => termOption({ name: nameOf(iri, prefixes), label }, "constant", prefixes));
}
