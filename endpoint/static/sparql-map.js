// The map of an answer, to move around in: Leaflet with the graph's own outlines, no other host.

let loaded = null;
let outlines = null;

function load(script, style) {
  loaded ??= new Promise((resolve, reject) => {
    const own = new URL("sparql-map.css", import.meta.url).href;
    const sheets = [style, own].map((href) => Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
    const code = Object.assign(document.createElement("script"), { src: script, onload: resolve, onerror: reject });
    document.head.append(...sheets, code);
  });
  return loaded;
}

const flipped = (ring) => ring.map(([x, y]) => [y, x]);

export async function drawMap(figure, { words, fill, leaflet, leafletCss, land }) {
  outlines ??= fetch(land).then((reply) => reply.json());
  const [surfaces] = await Promise.all([outlines, load(leaflet, leafletCss)]);
  const rows = JSON.parse(figure.querySelector("script").textContent);
  const holder = Object.assign(document.createElement("div"), { className: "answer-map-live" });
  holder.setAttribute("role", "application");
  holder.setAttribute("aria-label", words.map);
  figure.querySelector(".answer-map-drawing").replaceChildren(holder);
  const map = L.map(holder, { attributionControl: false, zoomControl: false, zoomSnap: 0.25, scrollWheelZoom: false });
  L.control.zoom({ zoomInTitle: words["zoom-in"], zoomOutTitle: words["zoom-out"] }).addTo(map);
  for (const surface of surfaces) {
    L.polygon(surface.map(flipped), { className: "map-land", interactive: false, smoothFactor: 1.5 }).addTo(map);
  }
  const shown = L.featureGroup(rows.flatMap((row) => shapes(row, popup(row, words, fill)))).addTo(map);
  map.fitBounds(shown.getBounds().pad(0.1), { maxZoom: 9, animate: false });
}

function shapes(row, content) {
  if (row.rings) return [L.polygon(row.rings.map(flipped), { className: "map-shape" }).bindPopup(content)];
  return row.points.map(([x, y]) =>
    L.circleMarker([y, x], { className: "map-point", radius: 7 }).bindPopup(content).bindTooltip(row.name),
  );
}

function popup(row, words, fill) {
  const name = document.createElement(row.href ? "a" : "strong");
  name.textContent = row.name;
  if (row.href) name.href = row.href;
  if (row.language) name.lang = row.language;
  const place = Object.assign(document.createElement("a"), { href: `#row-${row.row}` });
  place.textContent = fill(words["map-row"], { n: row.row });
  const content = document.createElement("p");
  content.append(name, document.createElement("br"), place);
  return content;
}
