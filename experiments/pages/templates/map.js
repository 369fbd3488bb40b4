"use strict";
// The map: what part of it is shown, names that fit, paths on top, and which fibres are near a point.
window.corridor = (() => {
  document.documentElement.classList.add("scripted");
  const PRINTED = 688;                                // CSS pixels of 182 mm
  const model = JSON.parse(document.getElementById("model").textContent);
  const { hubs, fibres, paths } = model, [wide, high] = model.view;
  const map = document.getElementById("map");
  const shapes = fibres.map((_, i) => document.getElementById("f" + i));
  const lines = shapes.map((shape) => shape.getAttribute("d").slice(1).split("M").map((part) => part.split("L").map((point) => point.split(" ").map(Number))));
  let box = [0, 0, wide, high], first = [];

  const svg = (name, attributes, ...inside) => {
    const it = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) it.setAttribute(key, value);
    it.append(...inside);
    return it;
  };
  const short = (hub) => hub.name.split(/ \(| \/|, /)[0];

  function hubsOf(path) {                              // a path's hubs follow from where it begins and its fibres
    return path[1].reduce((found, i) => [...found, fibres[i].a === found.at(-1) ? fibres[i].z : fibres[i].a], [path[0]]);
  }
  function fit(points) {
    const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const w = Math.max(90, right - left) * 1.25 + 30, h = Math.max(60, bottom - top) * 1.25 + 30;
    return [(left + right - w) / 2, (top + bottom - h) / 2, w, h];
  }
  function look(at, names) {                          // at: x, y, width, height in units of the map
    box = at; first = names;
    const size = map.getBoundingClientRect();
    show(size.width || PRINTED, size.height ? size.width / size.height : wide / high);
  }
  function show(pixels, aspect) {                     // all that is asked for, in a frame of that shape
    const [x, y, w, h] = box, w2 = Math.max(w, h * aspect), h2 = w2 / aspect;
    const seen = [x + (w - w2) / 2, y + (h - h2) / 2, w2, h2], unit = w2 / pixels;
    map.setAttribute("viewBox", seen.map((v) => v.toFixed(1)).join(" "));
    map.style.setProperty("--u", unit.toFixed(4));
    label(seen, unit);
  }
  function label(seen, unit) {                        // as labels.py: the path's hubs first, then what still fits
    const taken = hubs.map((h) => [h.xy[0] - 4 * unit, h.xy[1] - 4 * unit, 8 * unit, 8 * unit]), parts = [];
    const far = ([x, y, w, h], [px, py]) => Math.hypot(Math.max(x - px, px - x - w, 0), Math.max(y - py, py - y - h, 0));
    for (const i of [...first, ...hubs.keys()].filter((one, at, all) => all.indexOf(one) === at)) {
      const hub = hubs[i], big = first.includes(i), local = big && hub.local ? hub.local.split(/[(（]/)[0] : "";
      let wide = big ? 6 : 0;
      for (const c of short(hub) + local) wide += c > "\u2e80" ? 13 : 7;
      const w = wide * unit, h = 16 * unit, d = 8 * unit, e = 5 * unit, [x, y] = hub.xy;
      const spots = [[d, -h / 2], [-d - w, -h / 2], [e, -e - h], [e, e], [-e - w, -e - h], [-e - w, e], [-w / 2, -d - h], [-w / 2, d],
        [d, -h], [d, 0], [-d - w, -h], [-d - w, 0], [-w / 4, -d - h], [-0.75 * w, -d - h], [-w / 4, d], [-0.75 * w, d]];
      for (const [dx, dy] of spots) {
        const spot = [x + dx, y + dy, w, h], [x0, y0] = spot, own = far(spot, hub.xy);
        if (x0 < seen[0] || x0 + w > seen[0] + seen[2] || y0 < seen[1] || y0 + h > seen[1] + seen[3]) continue;
        if (taken.some((t, k) => k !== i && x0 < t[0] + t[2] && t[0] < x0 + w && y0 < t[1] + t[3] && t[1] < y0 + h)) continue;
        if (hubs.some((other, k) => k !== i && far(spot, other.xy) < own)) continue;   // a reader would take it for the other's
        taken.push(spot);
        const anchor = dx > 0 ? "start" : dx + w < 0 ? "end" : "middle", at = { start: x0, end: x0 + w, middle: x0 + w / 2 }[anchor];
        const name = svg("text", { x: at.toFixed(1), y: (y0 + h * 0.8).toFixed(1), "text-anchor": anchor, "data-of": i, class: big ? "big" : "" }, short(hub));
        if (local) name.append(" ", svg("tspan", { lang: hub.lang, class: "local" }, local));
        parts.push(name);
        break;
      }
    }
    document.getElementById("names").replaceChildren(...parts);
  }
  function over(layers) {                             // [class, fibres] each; a path may use a fibre twice
    document.getElementById("over").replaceChildren(...layers.flatMap(([kind, ids]) => ids.map((i, n) =>
      svg("path", { class: `o ${kind}${ids.indexOf(i) < n ? " back" : ""}`, d: shapes[i].getAttribute("d") }))));
  }
  function away([x, y], line) {                       // from a point to a fibre as drawn
    let least = Infinity;
    for (let i = 1; i < line.length; i++) {
      const [ax, ay] = line[i - 1], dx = line[i][0] - ax, dy = line[i][1] - ay;
      const t = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
      least = Math.min(least, Math.hypot(x - ax - t * dx, y - ay - t * dy));
    }
    return least;
  }
  function near(event) {                              // fibres under a pointer, the nearest first
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    const reach = (event.pointerType === "mouse" ? 6 : 14) * Number(map.style.getPropertyValue("--u"));
    return lines.map((parts, i) => [Math.min(...parts.map((part) => away([at.x, at.y], part))), i]).filter(([d]) => d < reach)
      .sort((a, b) => a[0] - b[0]).map(([, i]) => i);
  }
  const zoom = (by) => look([box[0] + box[2] * (1 - by) / 2, box[1] + box[3] * (1 - by) / 2, box[2] * by, box[3] * by], first);
  const mark = (kind, ids) => shapes.forEach((shape, i) => shape.classList.toggle(kind, ids.includes(i)));
  const pointsOf = (ids) => ids.flatMap((i) => lines[i].flat());

  addEventListener("resize", () => look(box, first));
  addEventListener("beforeprint", () => show(PRINTED, 1.9));
  addEventListener("afterprint", () => look(box, first));
  return { model, hubs, fibres, paths, map, shapes, wide, high, short, hubsOf, fit, look, over, near, zoom, mark, pointsOf };
})();
