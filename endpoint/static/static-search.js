// Search in a static copy of the site: the index is a file, read when somebody searches.
"use strict";
(() => {
  const script = document.currentScript;
  const root = script.dataset.index.replace(/search\.json$/, "");
  const most = 50;
  let loading;

  const fold = (text) => text.toLowerCase().replaceAll("ø", "o").replaceAll("æ", "ae").replaceAll("đ", "d")
    .replaceAll("ŋ", "n").normalize("NFKD").replace(/\p{M}/gu, "");
  const words = (text) => fold(text).match(/[\p{L}\p{N}_]+/gu) || [];
  const load = () => (loading ||= fetch(script.dataset.index).then((answer) => answer.json()));

  // A row is [path, [names by language, in the order of index.languages], other names].
  const score = (row, wanted, whole) => {
    let best = Infinity;
    [...row[1], ...row[2]].forEach((name, place) => {
      if (!name) return;
      const folded = fold(name);
      const have = folded.match(/[\p{L}\p{N}_]+/gu) || [];
      if (!wanted.every((word) => have.some((one) => one.startsWith(word)))) return;
      const exact = folded === whole ? 0 : folded.startsWith(whole) ? 1 : 2;
      best = Math.min(best, exact * 1e6 + (place >= row[1].length ? 1e5 : 0) + folded.length);
    });
    return best;
  };

  const find = (index, text) => {
    const wanted = words(text);
    const whole = fold(text).trim();
    if (!wanted.length) return [];
    return index.rows.map((row) => [score(row, wanted, whole), row]).filter(([value]) => value < Infinity)
      .sort((a, b) => a[0] - b[0] || (a[1][0] < b[1][0] ? -1 : 1)).slice(0, most).map(([, row]) => row);
  };

  const nameOf = (row, languages, language) => {
    const chain = [language, ...languages];
    const tag = chain.find((one) => row[1][languages.indexOf(one)]);
    return [row[1][languages.indexOf(tag)] || row[2][0] || row[0], tag];
  };

  const show = (list, rows, index) => {
    const asked = new URLSearchParams(location.search).get("lang");
    list.replaceChildren(...rows.map((row) => {
      const [name, tag] = nameOf(row, index.languages, document.documentElement.lang);
      const link = document.createElement("a");
      link.className = "ds-link";
      link.href = root + row[0] + (asked ? `?lang=${asked}` : "");
      link.textContent = name;
      if (tag && tag !== document.documentElement.lang) link.lang = tag;
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
  };

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.querySelector('input[type="search"]');
    if (!box) return;
    const here = location.pathname === `${root}search`;
    const text = new URLSearchParams(location.search).get("q") || "";
    const list = document.createElement("ol");
    list.className = "hits";
    list.setAttribute("aria-live", "polite");
    box.form.after(list);
    const run = (value) => load().then((index) => show(list, find(index, value).slice(0, here ? most : 8), index));
    if (here && text) {
      box.value = text;
      run(text);
    }
    let timer;
    box.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => run(box.value), 120);
    });
  });
})();
