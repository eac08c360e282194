"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const element = (id) => document.getElementById(id);
  const words = (name) => name.replace(/_/g, " ");
  const css = (rgb) => `rgb(${rgb[0]}, ${rgb[1]}, ${rgb[2]})`;
  const DARK = "#0e1014", CHOSEN = "#ffffff", RELATED = "#ffd23f", TRAIL_S = 2;

  // Leaflet's coordinates are (y, x), here in metres from the scene's middle.
  const latLngs = (flat) => {
    const points = [];
    for (let i = 0; i < flat.length; i += 2) points.push([flat[i + 1] / 100, flat[i] / 100]);
    return points;
  };
  const placed = (flat, [x, y, yaw]) => {
    const c = Math.cos(yaw), s = Math.sin(yaw), points = [];
    for (let i = 0; i < flat.length; i += 2) {
      points.push([(y + s * flat[i] + c * flat[i + 1]) / 100, (x + c * flat[i] - s * flat[i + 1]) / 100]);
    }
    return points;
  };
  const outline = ([length, width], forward) => {
    const front = length / 2 + forward, rear = forward - length / 2, side = width / 2, nose = front - Math.min(length / 4, 100);
    return [nose, side, front, 0, nose, -side, rear, -side, rear, side];
  };

  // Open arrowheads along a line, one in the middle of every 14 metres or so.
  const arrows = (flat) => {
    const points = latLngs(flat), along = [0], heads = [];
    for (let i = 1; i < points.length; i += 1) {
      along.push(along[i - 1] + Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]));
    }
    const length = along[along.length - 1], count = length > 3.2 ? Math.max(1, Math.round(length / 14)) : 0;
    for (let k = 0, i = 1; k < count; k += 1) {
      const place = (k + 0.5) * length / count;
      while (along[i] < place) i += 1;
      const [y0, x0] = points[i - 1], [y1, x1] = points[i], step = along[i] - along[i - 1];
      const fx = (x1 - x0) / step, fy = (y1 - y0) / step, part = place - along[i - 1], x = x0 + fx * part, y = y0 + fy * part;
      heads.push([[y - 1.4 * fy + 0.5 * fx, x - 1.4 * fx - 0.5 * fy], [y, x], [y - 1.4 * fy - 0.5 * fx, x - 1.4 * fx + 0.5 * fy]]);
    }
    return heads;
  };

  const map = L.map("map", {
    crs: L.CRS.Simple, minZoom: -4, maxZoom: 7, zoomSnap: 0.25, attributionControl: false, zoomControl: true, boxZoom: false,
    keyboard: false,
  });
  // Leaflet rounds to whole pixels, which makes slow things jump and fine lines ragged.
  map.latLngToLayerPoint = (where) => map.project(L.latLng(where)).subtract(map.getPixelOrigin());
  map.setView([0, 0], 2);
  map.createPane("moving").style.zIndex = 450;
  const still = L.canvas({ tolerance: 4, padding: 0.5 }), moving = L.svg({ pane: "moving", padding: 0.5 });
  L.control.scale({ imperial: false }).addTo(map);

  // Everything that can be selected, by id: {record, type, places(): the shapes that mark it at the current time}.
  const nodes = new Map(), layers = new Map(), scaled = [];
  const layer = (name, rgb) => {
    if (!layers.has(name)) layers.set(name, { name, rgb, group: L.layerGroup(), shown: true });
    return layers.get(name).group;
  };
  const choosing = (shape, id) => shape.on("click", (event) => { L.DomEvent.stop(event); select(id); });
  const metric = (shape, width_m, dashes_m, least_px) => { scaled.push({ shape, width_m, dashes_m, least_px }); return shape; };

  function addElement(record) {
    const kind = record.kind, rgb = record.rgb || data.colours.layers[kind];
    if (rgb === undefined) { nodes.set(record.id, { record, type: kind, places: () => [] }); return; }
    const colour = css(rgb || data.colours.signals.unknown), shapes = [], group = layer(words(kind), rgb);
    const add = (shape) => { shapes.push(shape); group.addLayer(choosing(shape, record.id)); };
    if (record.rings) {
      const fill = kind === "lane" ? css(data.colours.layers.drivable_area || [46, 50, 59]) : colour;
      add(L.polygon(record.rings.map(latLngs), { renderer: still, stroke: kind === "lane", weight: 0.5, color: "#5b6272",
        fillColor: fill, fillOpacity: kind === "lane" ? 0.9 : 1, smoothFactor: 0 }));
    }
    const line = (flat, dashes_m) => add(metric(L.polyline(kind === "lane" ? arrows(flat) : latLngs(flat),
      { renderer: still, color: colour, lineCap: kind === "lane" ? "round" : "butt", smoothFactor: 0 }),
      data.colours.widths_m[kind] || 0.15, dashes_m, kind === "lane" ? 0.5 : 1));
    if (record.line) line(record.line, []);
    (record.strokes || []).forEach((stroke) => line(stroke.line, stroke.dashes_m));
    if (record.center) {
      const light = kind === "traffic_light";
      add(L.circleMarker(latLngs(record.center)[0], { renderer: still, radius: light ? 6 : 4, weight: 1.5, color: DARK,
        fillColor: colour, fillOpacity: 1 }));
    }
    const places = () => (record.rings && kind !== "lane_line" ? record.rings.slice(0, 1).map((ring) => ["area", latLngs(ring)])
      : record.center ? [["spot", latLngs(record.center)[0]]]
        : [record.line, ...(record.strokes || []).map((stroke) => stroke.line)].filter(Boolean).map((flat) => ["line", latLngs(flat)]));
    nodes.set(record.id, { record, type: kind, places, shapes });
  }

  const ORDER = ["drivable_area", "walkway", "parking_area", "intersection_area", "road_island", "lane", "crosswalk", "speed_bump",
    "road_marking", "road_boundary", "lane_line", "wait_line", "pole", "traffic_sign", "traffic_light"];
  const rank = (record) => (ORDER.includes(record.kind) ? ORDER.indexOf(record.kind) : ORDER.length);
  const elementIds = new Set(data.elements.map((record) => record.id));
  [...data.elements].sort((a, b) => rank(a) - rank(b)).forEach(addElement);

  // A signal of a lane has no light of its own: a spot at the lane's start shows its state.
  const signals = data.signals.map((signal) => {
    const owner = nodes.get(signal.id);
    let spot = owner && owner.record.center ? owner.shapes[0] : null;
    if (!spot && owner && owner.record.line) {
      spot = L.circleMarker(latLngs(owner.record.line)[0], { renderer: still, radius: 6, weight: 1.5, color: DARK, fillOpacity: 1 });
      layer("lane signals", data.colours.signals.green).addLayer(choosing(spot, signal.id));
    }
    return { ...signal, spot };
  });

  const mover = (record, id, type, colour, forward) => {
    const shape = L.polygon([], { renderer: moving, color: DARK, weight: 1, fillColor: colour, fillOpacity: 1, smoothFactor: 0 });
    const trail = L.polyline([], { renderer: moving, color: colour, weight: 2.5, opacity: 0.5, interactive: false, smoothFactor: 0 });
    const flat = outline(record.size_cm, forward), node = { record, type, flat, shape, trail, shown: false };
    choosing(shape, id);
    node.places = () => (record.states[now] ? [["area", placed(flat, record.states[now])]] : []);
    nodes.set(id, node);
    return node;
  };
  let now = 0;
  layer("trails", [150, 160, 180]);
  const wedges = data.cameras.map((camera) => {
    const shape = L.polygon([], { renderer: moving, color: "rgb(150, 190, 255)", weight: 1, opacity: 0.5, fillOpacity: 0.08,
      interactive: false, smoothFactor: 0 });
    layer("camera views", [150, 190, 255]).addLayer(shape);
    return { flat: camera.wedge, shape };
  });
  const path = data.ego.states.map(([x, y]) => [y / 100, x / 100]);
  layer("path of the ego", data.colours.path).addLayer(metric(L.polyline(path, { renderer: moving, color: css(data.colours.path),
    opacity: 0.35, interactive: false, smoothFactor: 0 }), 0.5, [], 1.5));
  const driven = metric(L.polyline([], { renderer: moving, color: css(data.colours.path), opacity: 0.9, interactive: false,
    smoothFactor: 0 }), 0.5, [], 1.5);
  layer("path of the ego").addLayer(driven);
  // An actor may have the id of an element.
  const actorKey = (id) => (elementIds.has(id) ? `actor ${id}` : id);
  const actors = data.actors.map((actor) => {
    const node = mover(actor, actorKey(actor.id), actor.kind, css(data.colours.actors[actor.kind]), 0);
    layer(words(actor.kind), data.colours.actors[actor.kind]);
    return node;
  });
  const EGO = nodes.has("ego") ? "ego vehicle" : "ego";
  const ego = mover(data.ego, EGO, "ego", css(data.colours.ego), data.ego.center_cm);
  ego.shape.setStyle({ color: "#ffffff", weight: 1.5 });
  layer("ego", data.colours.ego);

  function showMover(node, group) {
    const state = node.record.states[now];
    if (state) node.shape.setLatLngs(placed(node.flat, state));
    if (Boolean(state) !== node.shown) {
      node.shown = Boolean(state);
      if (state) group.addLayer(node.shape); else group.removeLayer(node.shape);
    }
  }

  function trailOf(node) {
    const points = [];
    for (let i = now; i >= 0 && data.times_s[now] - data.times_s[i] <= TRAIL_S && node.record.states[i]; i -= 1) {
      points.push([node.record.states[i][1] / 100, node.record.states[i][0] / 100]);
    }
    return points;
  }

  function show(index) {
    now = Math.max(0, Math.min(data.times_s.length - 1, index));
    const trails = layer("trails");
    actors.forEach((node) => {
      showMover(node, layer(words(node.type)));
      const points = trailOf(node);
      node.trail.setLatLngs(points);
      if (points.length > 1) trails.addLayer(node.trail); else trails.removeLayer(node.trail);
    });
    showMover(ego, layer("ego"));
    const state = data.ego.states[now];
    driven.setLatLngs(path.slice(0, now + 1));
    wedges.forEach(({ flat, shape }) => shape.setLatLngs(placed(flat, state)));
    signals.forEach(({ spot, states }) => spot && spot.setStyle({ fillColor: css(data.colours.signals[states[now]]) }));
    element("time").value = now;
    element("clock").textContent = `${data.times_s[now].toFixed(1)} / ${data.times_s[data.times_s.length - 1].toFixed(1)} s`;
    if (element("follow").checked) map.panTo([state[1] / 100, state[0] / 100], { animate: false });
    mark();
    if (chosen !== null) describe();
  }

  // Selection
  let chosen = null;
  const marks = L.layerGroup().addTo(map), relatedTo = new Map();
  const relate = (from, to, text) => { if (!relatedTo.has(from)) relatedTo.set(from, []); relatedTo.get(from).push([text, to]); };
  const REVERSED = { successor: "follows", left_neighbour: "is left neighbour of", right_neighbour: "is right neighbour of",
    controls: "controlled by", on_lane: "carries" };
  data.relations.forEach(([from, target, kind]) => {
    const source = kind === "on_lane" ? actorKey(from) : from;
    relate(source, target, words(kind));
    relate(target, source, REVERSED[kind] || `${words(kind)} of`);
  });

  function mark() {
    marks.clearLayers();
    if (chosen === null) return;
    const draw = (id, colour, weight) => nodes.has(id) && nodes.get(id).places().forEach(([form, where]) => {
      const options = { renderer: moving, color: colour, weight, fill: form === "area", fillOpacity: 0.18, interactive: false, smoothFactor: 0 };
      marks.addLayer(form === "spot" ? L.circleMarker(where, { ...options, radius: 11 })
        : form === "area" ? L.polygon(where, options) : L.polyline(where, options));
    });
    new Set((relatedTo.get(chosen) || []).map(([, id]) => id)).forEach((id) => draw(id, RELATED, 2.5));
    draw(chosen, CHOSEN, 3.5);
  }

  const make = (tag, text) => { const made = document.createElement(tag); made.textContent = text; return made; };

  function describe() {
    const details = element("details"), node = nodes.get(chosen);
    details.replaceChildren();
    if (!node) return;
    const rows = [["id", node.record.id || chosen], ["kind", words(node.type)], ...Object.entries(node.record.shown || {})];
    const states = node.record.states;
    if (states) {
      const state = states[now], before = states[now - 1] ? now - 1 : now, after = states[now + 1] ? now + 1 : now;
      rows.push(["present", state ? "yes" : "not at this time"]);
      if (state) {
        rows.push(["position", `${(state[0] / 100 + data.origin_world_m[0]).toFixed(2)}, ${(state[1] / 100 + data.origin_world_m[1]).toFixed(2)} m`]);
        rows.push(["heading", `${(state[2] * 180 / Math.PI).toFixed(1)} deg`]);
        const seconds = data.times_s[after] - data.times_s[before];
        if (seconds > 0) {
          const metres = Math.hypot(states[after][0] - states[before][0], states[after][1] - states[before][1]) / 100;
          rows.push(["speed", `${(metres / seconds).toFixed(1)} m/s`]);
        }
      }
    }
    const signal = data.signals.find((one) => one.id === chosen);
    if (signal) rows.push(["state", signal.states[now]]);
    const table = document.createElement("table");
    rows.forEach(([name, value]) => {
      const row = document.createElement("tr");
      row.append(make("th", name), make("td", value));
      table.append(row);
    });
    details.append(table);
  }

  function listRelated() {
    const box = element("related"), byText = new Map();
    box.replaceChildren();
    (relatedTo.get(chosen) || []).forEach(([text, id]) => { if (!byText.has(text)) byText.set(text, []); byText.get(text).push(id); });
    byText.forEach((ids, text) => {
      box.append(make("h3", text));
      ids.slice(0, 60).forEach((id) => {
        const button = make("button", id);
        button.type = "button";
        button.onclick = () => select(id);
        box.append(button);
      });
      if (ids.length > 60) box.append(make("p", `and ${ids.length - 60} more`));
    });
  }

  function select(id) {
    chosen = id !== null && nodes.has(id) ? id : null;
    element("search").value = chosen === null ? "" : chosen;
    mark();
    describe();
    listRelated();
    remember();
  }

  // Layers
  function showLayers() {
    layers.forEach(({ group }) => map.removeLayer(group));
    layers.forEach(({ group, shown }) => { if (shown) map.addLayer(group); });
  }
  function listLayers() {
    layers.forEach((one) => {
      const label = document.createElement("label"), box = document.createElement("input"), swatch = document.createElement("i");
      box.type = "checkbox";
      box.checked = one.shown;
      box.onchange = () => { one.shown = box.checked; showLayers(); };
      swatch.style.background = css(one.rgb || [220, 224, 232]);
      label.append(box, swatch, make("span", one.name));
      element("layers").append(label);
    });
  }
  function scaleLines() {
    const px_per_m = 2 ** map.getZoom();
    scaled.forEach(({ shape, width_m, dashes_m, least_px }) => shape.setStyle({
      weight: Math.max(least_px, width_m * px_per_m),
      dashArray: dashes_m.length && dashes_m[0] * px_per_m > 2 ? dashes_m.map((m) => m * px_per_m).join(" ") : null,
    }));
  }

  // Time
  let playing = null;
  function stop() { if (playing !== null) cancelAnimationFrame(playing); playing = null; element("play").textContent = "Play"; remember(); }
  function play() {
    const last = data.times_s.length - 1;
    if (now >= last) show(0);
    const from_s = data.times_s[now], started = performance.now();
    element("play").textContent = "Pause";
    const step = () => {
      const time_s = from_s + (performance.now() - started) / 1000;
      let index = now;
      while (index < last && data.times_s[index + 1] <= time_s) index += 1;
      if (index !== now) show(index);
      if (index >= last) stop(); else playing = requestAnimationFrame(step);
    };
    playing = requestAnimationFrame(step);
  }
  const nearest = (time_s) => data.times_s.reduce((best, t, i) => (Math.abs(t - time_s) < Math.abs(data.times_s[best] - time_s) ? i : best), 0);

  // The address holds the time and the selection: a link to it shows the same.
  function remember() {
    const said = new URLSearchParams();
    said.set("t", String(data.times_s[now]));
    if (chosen !== null) said.set("id", chosen);
    try { history.replaceState(null, "", `#${said}`); } catch (error) { console.warn(`the address cannot be kept: ${error.message}`); }
  }
  function recall() {
    const said = new URLSearchParams(location.hash.slice(1));
    const time_s = Number(said.get("t"));
    const id = said.get("id");
    show(said.has("t") && Number.isFinite(time_s) ? nearest(time_s) : 0);
    select(id);
  }

  element("title").textContent = data.scenario_id;
  element("about").textContent = `${data.source}: ${data.elements.length} map elements, ${data.actors.length} road users, `
    + `${data.signals.length} signals, ${data.relations.length} relations`;
  Object.entries(data.environment).filter(([, value]) => value && value !== "unknown")
    .forEach(([name, value]) => element("about").after(make("p", `${name}: ${value}`)));
  element("time").max = data.times_s.length - 1;
  element("play").onclick = () => (playing === null ? play() : stop());
  element("time").oninput = (event) => { if (playing !== null) stop(); show(Number(event.target.value)); remember(); };
  element("follow").onchange = () => show(now);
  element("search").onchange = (event) => select(event.target.value);
  nodes.forEach((_, id) => { const option = document.createElement("option"); option.value = id; element("ids").append(option); });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, button")) return;
    if (event.key === " ") { event.preventDefault(); element("play").click(); }
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      if (playing !== null) stop();
      show(now + (event.key === "ArrowRight" ? 1 : -1));
      remember();
    }
    if (event.key === "Escape") select(null);
  });
  map.on("click", () => select(null));
  map.on("zoomend", scaleLines);
  window.addEventListener("hashchange", recall);
  map.fitBounds(L.latLngBounds(path).pad(0.15).extend([path[0][0] - 25, path[0][1] - 25]).extend([path[0][0] + 25, path[0][1] + 25]));
  scaleLines();
  showLayers();
  listLayers();
  recall();
  map.getContainer().dataset.ready = "true";
})();
