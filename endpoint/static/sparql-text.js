// What can be told of a SPARQL query that is being written: its tokens, prefixes, variables, and what stands
// next at a place. It never fails; what it cannot follow it does not tell.

export const TOKEN = /<[^\s<>"{}|^`\\]*>|#.*|"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[?$][\p{L}\p{N}_]+|[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_-])?:(?:[\p{L}\p{N}_:](?:[\p{L}\p{N}_:.%-]*[\p{L}\p{N}_:%-])?)?|:[\p{L}\p{N}_][\p{L}\p{N}_.-]*|_:[\p{L}\p{N}_]+|@[A-Za-z-]+|[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[\p{L}_][\p{L}\p{N}_]*|\^\^|&&|\|\||[^\s]/u;
const EVERY = new RegExp(TOKEN.source, "gu");
const WORD = /^[\p{L}_]/u;

function kindOf(text) {
  if (text[0] === "<" && text.length > 1) return "iri";
  if (text[0] === "#") return "comment";
  if (text[0] === '"' || text[0] === "'") return "string";
  if (/^[?$]./.test(text)) return "variable";
  if (text[0] === "@") return "language";
  if (text.startsWith("_:")) return "blank";
  if (/^[+-]?\d/.test(text) && !text.includes(":")) return "number";
  if (text.includes(":")) return "name";
  return WORD.test(text) ? "word" : "mark";
}

export function tokens(text) {
  return [...text.matchAll(EVERY)]
    .map((found) => ({ text: found[0], kind: kindOf(found[0]), from: found.index, to: found.index + found[0].length }))
    .filter(({ kind }) => kind !== "comment");
}

export function declared(text) {
  const found = text.matchAll(/^\s*PREFIX\s+([\p{L}\p{N}_.-]*):\s*<([^>]*)>/gimu);
  return Object.fromEntries([...found].map(([, prefix, namespace]) => [prefix, namespace]));
}

export function variables(text) {
  return new Set(tokens(text).filter(({ kind }) => kind === "variable").map((token) => token.text));
}

export function nameOf(iri, prefixes) {
  const [prefix, namespace] = Object.entries(prefixes)
    .filter(([, start]) => iri.startsWith(start))
    .sort(([, one], [, other]) => other.length - one.length)[0] ?? [];
  const local = iri.slice(namespace?.length);
  return namespace && /^[A-Za-z0-9_](?:[\w.-]*[\w-])?$/.test(local) ? `${prefix}:${local}` : `<${iri}>`;
}

// Puts a name in, and the declaration of its prefix at the top where that is missing.
export function withPrefix(name, prefixes) {
  return (view, completion, from, to) => {
    const prefix = name[0] === "<" ? null : name.slice(0, name.indexOf(":"));
    const missing = prefix !== null && !(prefix in declared(view.state.doc.toString()));
    const declaration = missing && prefixes[prefix] ? `PREFIX ${prefix}: <${prefixes[prefix]}>\n` : "";
    view.dispatch({
      changes: [...(declaration ? [{ from: 0, insert: declaration }] : []), { from, to, insert: name }],
      selection: { anchor: declaration.length + from + name.length },
      userEvent: "input.complete",
    });
  };
}

const TYPE = new Set(["a", "rdf:type", "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"]);
const STARTS = new Set(["where", "optional", "union", "minus", "graph", "exists", "not", "service", "construct"]);

// Tells what stands next at an offset: {at: "predicate", types} or "class", "object", "expression", "prefix"
// or "start"; null inside a comment, a string or an IRI.
export function placeAt(text, offset) {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  if (/^\s*PREFIX\s+$/i.test(line)) return { at: "prefix" };
  const cut = [...text.matchAll(EVERY)].find((found) => found.index < offset && offset < found.index + found[0].length);
  if (cut && ["comment", "string", "iri"].includes(kindOf(cut[0]))) return null;
  if (/#[^>\n]*$/.test(line.replace(/<[^>]*>|"[^"]*"/g, ""))) return null;
  const all = walk(tokens(text));
  const state = walk(tokens(text.slice(0, offset)));
  if (state.parens > 0) return { at: "expression" };
  if (state.depth === 0) return { at: "start" };
  if (state.step === 1) return { at: "predicate", types: all.types.get(state.subject) ?? [] };
  if (state.step === 2) return { at: TYPE.has(state.predicate) ? "class" : "object" };
  return { at: "start" };
}

// Follows triples through the tokens: step 0 awaits a subject, 1 a predicate, 2 an object, 3 what comes after.
function walk(list) {
  const state = { step: 0, subject: "", predicate: "", depth: 0, parens: 0, types: new Map(), outer: [] };
  let blanks = 0;
  for (const { text, kind } of list) {
    if (state.parens > 0) {
      state.parens += text === "(" ? 1 : text === ")" ? -1 : 0;
    } else if (text === "{" || text === "}") {
      state.depth += text === "{" ? 1 : -1;
      state.step = 0;
    } else if (text === "(") {
      if (state.step !== 1) state.parens = 1;
    } else if (text === ".") state.step = 0;
    else if (text === ";") state.step = 1;
    else if (text === ",") state.step = 2;
    else if (text === "[") {
      state.outer.push([state.step, state.subject, state.predicate]);
      [state.subject, state.step] = [`[${blanks++}`, 1];
    } else if (text === "]") {
      const [step, subject, predicate] = state.outer.pop() ?? [0, "", ""];
      Object.assign(state, { subject: step ? subject : state.subject, predicate, step: step + 1 });
    } else if ("/|".includes(text) && state.step === 2) state.step = 1;
    else if (kind === "word" && text !== "a" && !/^(true|false)$/i.test(text)) {
      if (STARTS.has(text.toLowerCase()) || state.step !== 1) state.step = 0;
    } else if (!["mark", "language"].includes(kind) || text === "a") takeTerm(state, text);
  }
  return state;
}

function takeTerm(state, text) {
  if (state.step === 0) state.subject = text;
  if (state.step === 1) state.predicate = text;
  if (state.step === 2 && TYPE.has(state.predicate)) {
    state.types.set(state.subject, [...(state.types.get(state.subject) ?? []), text]);
  }
  state.step = Math.min(state.step + 1, 3);
}
