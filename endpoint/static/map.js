/* Makes a drawn map one that can be moved and zoomed, when the visitor asks for it; without script the drawing stays. */
"use strict";

(() => {
  const here = document.currentScript;
  const base = here.src.replace(/map\.js.*$/, "");

  function load(name) {
    return new Promise((done, failed) => {
      const style = name.endsWith(".css");
      const part = document.createElement(style ? "link" : "script");
      part.onload = done;
      part.onerror = failed;
      if (style) {
        part.rel = "stylesheet";
        part.href = base + name;
      } else {
        part.src = base + name;
      }
      document.head.append(part);
    });
  }

  const flipped = ring => ring.map(([x, y]) => [y, x]);

  function linkTo(mark) {
    const link = document.createElement("a");
    link.href = mark.href;
    link.textContent = mark.name;
    return link;
  }

  /* Enter or a click tells the name, which leads to the page; Escape goes back to the place. */
  function reachable(layer, mark) {
    const link = linkTo(mark);
    link.addEventListener("keydown", event => { if (event.key === "Escape") layer.closePopup(); });
    layer.bindTooltip(mark.name).bindPopup(link, { closeButton: false });
    layer.on("add", () => {
      const element = layer.getElement();
      element.tabIndex = 0;
      element.setAttribute("role", "button");
      element.setAttribute("aria-label", mark.name);
      element.addEventListener("focus", () => layer.openTooltip());
      element.addEventListener("blur", () => layer.closeTooltip());
    });
    layer.on("popupopen", () => {
      layer.closeTooltip();
      setTimeout(() => link.focus());
    });
    layer.on("popupclose", () => layer.getElement()?.focus());
    return layer;
  }

  function layerOf(mark) {
    if (mark.rings) {
      return reachable(L.polygon(mark.rings.map(flipped), { className: "shape shape-" + mark.role }), mark);
    }
    const icon = L.divIcon({ className: "map-point point-" + mark.role, iconSize: [26, 26] });
    return reachable(L.marker([mark.y, mark.x], { icon, keyboard: false }), mark);
  }

  async function open(figure, button) {
    button.disabled = true;
    const [answer] = await Promise.all([
      fetch(figure.dataset.land), load("vendor/leaflet.css"), load("vendor/leaflet.js"),
    ]);
    const land = await answer.json();
    const marks = JSON.parse(figure.dataset.marks);
    const holder = document.createElement("div");
    holder.className = "map";
    holder.setAttribute("role", "application");
    holder.setAttribute("aria-label", figure.dataset.name);
    figure.querySelector("svg").replaceWith(holder);
    button.remove();
    const map = L.map(holder, {
      attributionControl: false, zoomControl: false, zoomSnap: 0.5, minZoom: 3, maxZoom: 12,
    });
    L.control.zoom({ zoomInTitle: figure.dataset.zoomIn, zoomOutTitle: figure.dataset.zoomOut }).addTo(map);
    const points = marks.filter(mark => !mark.rings);
    const about = points.length ? points : marks;
    map.fitBounds(L.latLngBounds(about.map(mark => [mark.y, mark.x])).pad(0.2), { maxZoom: points.length ? 9 : 8 });
    L.geoJSON(land, { interactive: false, className: "leaflet-land" }).addTo(map);
    for (const mark of marks) layerOf(mark).addTo(map);
    holder.focus();
  }

  for (const figure of document.querySelectorAll("figure[data-land]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ds-button map-button";
    button.dataset.variant = "secondary";
    button.dataset.size = "sm";
    button.textContent = figure.dataset.open;
    button.addEventListener("click", () => open(figure, button).catch(() => { button.disabled = false; }));
    figure.append(button);
  }
})();
