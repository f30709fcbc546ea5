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

  async function open(figure, button) {
    button.disabled = true;
    const [answer] = await Promise.all([
      fetch(figure.dataset.land), load("vendor/leaflet.css"), load("vendor/leaflet.js"),
    ]);
    const land = await answer.json();
    const marks = JSON.parse(figure.dataset.marks);
    const holder = document.createElement("div");
    holder.className = "map";
    figure.querySelector("svg").replaceWith(holder);
    button.remove();
    const map = L.map(holder, { attributionControl: false, zoomSnap: 0.5, minZoom: 3, maxZoom: 12 });
    L.geoJSON(land, { interactive: false, className: "leaflet-land" }).addTo(map);
    const group = L.featureGroup(marks.map(mark =>
      L.circleMarker([mark.y, mark.x], { radius: 7, className: "point point-" + mark.role })
        .bindTooltip(mark.name)
        .bindPopup(() => {
          const link = document.createElement("a");
          link.href = mark.href;
          link.textContent = mark.name;
          return link;
        }))).addTo(map);
    map.fitBounds(group.getBounds().pad(0.2), { maxZoom: 9 });
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
