"use strict";
// One demand on the map: chosen by name, search or table; cut by the slider; its facts beside it.
(() => {
  const it = window.corridor, { model, hubs, fibres, paths, map } = it, { demands, names, law } = model;
  const $ = (id) => document.getElementById(id);
  const HINT = "Select a fibre or hub on the map for details.";
  const SAID = model.said;
  const options = [...$("demand").querySelectorAll("option")];
  let chosen = model.chosen, set = model.set, at = "demand", dead = [], pause = 0;

  const html = (name, attributes, ...inside) => {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...inside);
    return made;
  };
  const row = (head, ...cells) => html("tr", { className: head.kind ?? "" }, html("th", { scope: "row" }, head.text ?? head), ...cells.map((cell) => html("td", { className: "n" }, cell)));
  const ms = (value) => (value == null ? "–" : value.toFixed(1));
  const signed = (value) => (Math.abs(value) < 0.05 ? "0" : (value > 0 ? "+" : "−") + Math.abs(value).toFixed(1));
  const between = (pair) => (pair?.some((one) => Math.abs(one) >= 0.05) ? ` [${ms(pair[0])} to ${ms(pair[1])}]` : "");
  const pathOf = (number) => (number == null || number < 0 ? null : paths[number]);
  const button = (text, act) => { const made = html("button", { type: "button" }, text); made.addEventListener("click", act); return made; };
  const under = () => demands[chosen].by[set];
  const cutNow = () => demands[chosen].cuts[+$("cut").value - 1] ?? null;
  const cited = (i) => {
    const [id, citation, address, caveat] = law[i], text = id || citation;
    const shown = address ? html("a", { href: address, rel: "noreferrer", title: citation }, text) : html("span", { title: citation }, text);
    return html("span", { className: "cite" }, shown, caveat ? ` (${caveat})` : "");
  };
  const spaced = (parts) => parts.flatMap((part, i) => (i ? [" ", part] : [part]));
  const places = (codes, may) => [codes, may && may.split(" ").map((c) => c + "?").join(" ")].filter(Boolean).join(" ")
    .split(" ").filter(Boolean).map((c) => html("abbr", { title: (names[c.replace("?", "")] ?? c) + (c.endsWith("?") ? ", perhaps" : "") }, c));
  const nameOf = (i) => html("span", {}, it.short(hubs[i]), ...(hubs[i].local ? [" ", html("bdi", { lang: hubs[i].lang }, hubs[i].local)] : []));

  const pays = (by) => by.st === "kept" || (by.extra ?? 0) > 0.05;
  function underSet(number) {                       // and a demand that the set is about
    set = number; $("set").value = String(set);
    const about = [pays, (by) => by.st !== "unjudged"].map((is) => demands.findIndex((one) => is(one.by[set]))).find((i) => i >= 0);
    choose(demands[chosen].by[set].st === "unjudged" && about >= 0 ? about : chosen);
  }
  function figures(demand, now, cut) {
    const free = pathOf(demand.free), lawful = pathOf(now.w), rows = [row({ text: model.base, kind: "free" }, ms(free?.[2]), ms(demand.rtt))];
    const kept = now.st === "kept" || now.st === "down";
    rows.push(kept ? row({ text: "Under policies", kind: "cutrow" }, SAID[now.st], "–")
      : row({ text: { unjudged: "Not covered", served: "Served", partly: "Served" }[now.st] ?? "Under policies", kind: "go" }, ms(lawful?.[2]), ms(now.rtt)));
    if (now.extra != null) rows.push(row("Policies add", "", signed(now.extra) + between(now.in)));
    if (now.extra && now.sure != null) rows.push(row("by confident rules", "", signed(now.sure)));
    if (now.rin) rows.push(row("Expected range", "", between(now.rin).trim()));
    if (now.got != null) rows.push(row(kept ? "Measured while permitted" : "Measured", ms(now.got1), ms(now.got)));
    if (cut) {
      rows.push(row({ text: "Cut: at once, one way", kind: "cutrow" }, pathOf(cut[2]) ? ms(pathOf(cut[2])[2]) : "lost", ""));
      rows.push(row({ text: "Cut: chosen again, one way", kind: "cutrow" }, pathOf(cut[3]) ? ms(pathOf(cut[3])[2]) : "disconnected", ""));
    }
    $("figures").tBodies[0].replaceChildren(...rows);
    $("each")?.replaceChildren(...model.sets.map((name, i) => {
      const by = demand.by[i], added = by.st === "kept" || by.st === "down" ? "no" : signed(by.extra ?? 0) + (by.st === "unjudged" ? " n/c" : "");
      const made = button(`${name} ${added}`, () => { set = i; $("set").value = String(i); choose(chosen); $("each").children[i].focus(); });
      made.ariaPressed = String(i === set);
      return made;
    }));
  }
  function facts(demand, now, shown, cut) {
    const rows = cut ? [["After the cut", pathOf(cut[3]) ? "served, by the path below" : "disconnected"]] : [];
    rows.push([cut ? "State today" : "State", SAID[now.st] + (now.tie ? "; near tie: a path through other jurisdictions is nearly as short" : "")], ["Data", demand.data]);
    if (now.why) rows.push(["Why", now.why]);
    if (now.permit) rows.push(["Permit", now.permit, ...(now.law ?? []).map(cited)]);
    (now.cl ?? []).forEach(([clause, cost, sure, refs]) => rows.push([typeof cost === "string" ? cost : `${signed(cost)} ms one-way by`, clause, sure === "confident" ? "" : `(${sure})`, ...refs.map(cited)]));
    if (shown) rows.push(["Crosses", ...places(shown[3], shown[4])]);
    if (shown?.[5].length) rows.push(["Inspected at", shown[5].map((i) => it.short(hubs[i])).join(", ")]);
    $("said").replaceChildren(...rows.flatMap(([term, ...parts]) => [html("dt", {}, term), html("dd", {}, ...spaced(parts.filter(Boolean)))]));
  }
  function hopsOf(shown) {
    const seen = shown ? it.hubsOf(shown) : [];
    $("hops").replaceChildren(...seen.map((i, n) => html("li", { className: seen.indexOf(i) < n ? "again" : "" }, nameOf(i), ` ${hubs[i].j}`,
      shown[5].includes(i) ? " (inspected)" : "", seen.indexOf(i) < n ? " (again)" : "")));
    return [...new Set(seen)];
  }
  function say(demand, now, cut, shown) {             // once, when the slider rests
    clearTimeout(pause);
    const text = cut ? `${cut[0][0]} cut: ` + (shown ? `${ms(shown[2])} ms one way` : "disconnected")
      : now.st === "kept" || now.st === "down" ? SAID[now.st] : `${SAID[now.st]}, ${ms(now.rtt)} ms round trip${now.extra == null ? "" : `, ${signed(now.extra)} ms by policies`}`;
    pause = setTimeout(() => { $("spoken").textContent = `${demand.id}: ${text}`; }, 400);
  }
  function draw() {
    const demand = demands[chosen], now = under(), cut = cutNow(), free = pathOf(demand.free);
    const shown = cut ? pathOf(cut[3]) ?? pathOf(cut[2]) : pathOf(now.w), layers = [];
    if (shown) layers.push(["lawful", shown[1]]);
    if (free) layers.push(["free", free[1]]);
    dead = cut ? cut[1] : dead;
    layers.push(["dead", dead]);
    it.over(layers);
    figures(demand, now, cut); facts(demand, now, shown, cut);
    const first = hopsOf(shown), ends = first.length ? first : [demand.s, demand.z];
    const text = cut ? cut[0][0] + (cut[0].length > 1 ? ` (or ${cut[0].slice(1).join(", ")})` : "") : "nothing";
    $("cutname").textContent = text;
    $("cut").setAttribute("aria-valuetext", text);
    const points = [...(shown ? it.pointsOf(shown[1]) : []), ...(free ? it.pointsOf(free[1]) : []), hubs[demand.s].xy, hubs[demand.z].xy];
    if (at === "demand") it.look(it.fit(points), ends);
    else if (at === "all") it.look([0, 0, it.wide, it.high], ends);
    else it.look(it.fit(hubs.filter((hub) => hub.j === at).map((hub) => hub.xy)), ends);
    say(demand, now, cut, shown);
  }
  function listCuts(cuts, before) {                   // worst first; a button sets the slider
    if (!$("cuts-box")) return;
    const more = (to) => (to && before?.[2] != null ? to[2] - before[2] : Infinity);
    const told = cuts.map(([names, , once, again], i) => {
      const now = pathOf(once), then = pathOf(again) ?? now;
      const text = !then ? "disconnected" : (now ? "" : "out, then ") + (more(then) < 0.05 ? "no longer" : more(then) < Infinity ? `${signed(more(then))} ms` : `${ms(then[2])} ms`);
      return { i, text, rank: [!then, !now, more(then)].map(Number), name: names[0] + (names.length > 1 ? ` (or ${names.length - 1} more)` : "") };
    });
    told.sort((a, b) => b.rank[0] - a.rank[0] || b.rank[1] - a.rank[1] || b.rank[2] - a.rank[2] || a.i - b.i);
    $("cuts-list").replaceChildren(...told.map(({ i, text, name }) => button(`${name}: ${text}`, () => { $("cut").value = String(i + 1); draw(); })));
    $("cuts-box").hidden = !cuts.length;
  }
  function choose(index) {
    it.chosen = chosen = index; dead = []; at = "demand";
    $("view").value = at;
    const cuts = set ? [] : demands[index].cuts;      // cuts are told of the first set alone
    Object.assign($("cut"), { max: String(cuts.length), value: "0", disabled: !cuts.length });
    listCuts(cuts, pathOf(under().w));
    if (!options[index].parentElement) search("");
    $("demand").value = String(index);
    document.querySelectorAll("tr.sel").forEach((one) => one.classList.remove("sel"));
    document.querySelectorAll(`[data-demand="${index}"]`).forEach((one) => one.closest("tr")?.classList.add("sel"));
    draw();
  }
  function search(text) {                             // options that hold every word
    const words = text.toLowerCase().split(/\s+/), groups = [...$("demand").querySelectorAll("optgroup")];
    $("find").value = text;
    const fits = ({ s, z, id, data, by }) => {
      const now = by[set], passed = pathOf(now.w) ? it.hubsOf(pathOf(now.w)) : [s, z], clauses = now.cl ?? [];
      const all = [id, data, SAID[now.st], now.permit, now.why, now.tie ? "near tie" : "", ...clauses.flatMap(([clause, , sure]) => [clause, sure]),
        ...[...(now.law ?? []), ...clauses.flatMap((one) => one[3])].flatMap((i) => law[i]),
        ...passed.flatMap((i) => [hubs[i].id, hubs[i].name, hubs[i].local, names[hubs[i].j]])].join(" ").toLowerCase();
      return words.every((word) => all.includes(word));
    };
    const found = new Set([...demands.keys()].filter((i) => fits(demands[i])));
    groups.forEach((group) => group.replaceChildren(...options.filter((one) => one.group === group && found.has(+one.value))));
    if (found.has(chosen)) $("demand").value = String(chosen);
    $("found").textContent = text ? `${found.size} of ${demands.length}` : "";
    return [...found];
  }
  const facts1 = (i) => {
    const one = fibres[i];
    return `${one.id}: ${it.short(hubs[one.a])} – ${it.short(hubs[one.z])}, ${one.m}${one.sys ? `, ${one.sys}` : ""}, ${one.km} km, ${one.ms} ms one way`
      + (one.x ? `, crosses ${one.x}` : "") + (one.may ? `, perhaps ${one.may}` : "") + (one.st ? `, ${one.st}` : "") + (it.states?.[i] ? `: ${it.states[i]}` : "");
  };
  function pick(i) {                                  // a fibre: its facts, who uses it, what its cut does
    it.mark("on", [i]);
    const users = demands.map((one, n) => [n, pathOf(one.by[set].w), set ? null : one.cuts.find((cut) => cut[1].includes(i))]).filter(([, w]) => w?.[1].includes(i));
    const fate = ([, , cut]) => (!cut ? "" : cut[2] >= 0 ? " is rerouted locally" : cut[3] >= 0 ? " is rerouted by the controller" : " is disconnected");
    $("detail").textContent = `${facts1(i)}. ` + (users.length ? `${users.length} of ${demands.length} demands use it; if it is cut:` : "No demand uses it.");
    $("near").replaceChildren(...users.map((one) => button(demands[one[0]].id + fate(one), () => { choose(one[0]); })));
    it.picked?.(i);
  }
  function offer(found) {                             // several under one finger: which?
    if (found.length === 1) { pick(found[0]); return; }
    it.mark("on", found.slice(0, 1));
    $("detail").textContent = found.length ? "Which of these?" : HINT;
    $("near").replaceChildren(...found.slice(0, 8).map((i) => button(fibres[i].id, () => pick(i))));
  }
  function hub(i) {
    const one = hubs[i];
    $("detail").replaceChildren(nameOf(i), `, ${names[one.j]}, ${one.role}`);
    $("near").replaceChildren(...[...demands.keys()].filter((n) => demands[n].s === i || demands[n].z === i).map((n) => button(demands[n].id, () => choose(n))));
  }
  function showDead(ids) { dead = ids; at = "all"; $("view").value = at; $("cut").value = "0"; draw(); map.scrollIntoView({ block: "nearest" }); }

  // For a page that lives: what its script may change. Every id is one of the model.
  const numberOf = (all, id) => all.findIndex((one) => one.id === id);
  function setFibre(id, state) {                      // "up", "cut", "drained" or another word
    const i = numberOf(fibres, id);
    if (i < 0) return;
    it.states[i] = state === "up" ? "" : state;
    ["cut", "drained"].forEach((kind) => it.shapes[i].classList.toggle("is-" + kind, kind === state));
    const cell = document.querySelector(`[data-state-of="${i}"]`);
    if (cell) cell.textContent = state;
  }
  function setDemand(id, now) {                       // status, round_trip_ms, permit, why; asComputed: what was computed of it is true
    const i = numberOf(demands, id), by = demands[i]?.by[set];
    if (!by) return;
    const state = { st: model.outcomes[now.status] ?? now.status, rtt: now.round_trip_ms, permit: now.permit === "NOT-JUDGED" ? "none: not covered by the policy set" : now.permit, why: now.why };
    Object.assign(by, now.asComputed ? {} : { extra: null, in: null, sure: null, rin: null, tie: false, cl: [] }, state);
    const cells = document.querySelector(`#demands-table tr[data-row="${i}"]`)?.cells;
    if (cells) {
      const tag = html("span", { className: "tag " + by.st }, SAID[by.st] ?? by.st);
      cells[2].replaceChildren(tag, ...(by.why ? [html("small", {}, by.why)] : []));
      cells[3].textContent = by.permit ?? "";
      cells[5].textContent = ms(by.rtt);
      cells[6].replaceChildren(by.extra == null ? "–" : signed(by.extra), ...(between(by.in) ? [html("small", {}, between(by.in).trim())] : []));
      cells[7].textContent = by.sure == null ? "–" : signed(by.sure);
      const path = pathOf(by.w);
      cells[9].replaceChildren(...spaced(path ? places(path[3], path[4]) : []));
    }
    const option = options[i];
    if (option) option.textContent = ["lawful", "served"].includes(by.st) ? id : `${id} (${SAID[by.st] ?? by.st})`;
    if (i === chosen) draw();
  }
  function addEvent({ at: when, what, whom = "" }) {
    const body = $("events-table").tBodies[0];
    body.prepend(html("tr", {}, html("td", {}, when), html("td", {}, what), html("td", {}, whom)));
    while (body.rows.length > 500) body.lastElementChild.remove();
  }
  const setCounts = (text) => { $("demands").querySelector("p").textContent = text; };
  function setStale(text) {                           // of sections that are computed once; empty where they are true
    for (const id of ["costs", "cuts", "sure"]) {
      const section = $(id);
      section.querySelector(".stale")?.remove();
      if (text) section.querySelector("h2").after(html("p", { className: "stale" }, text));
    }
  }
  const setVerdict = (lines) => $("verdict").querySelector("ul").replaceChildren(...lines.map((line) => html("li", {}, line)));
  const setProof = (text, holds) => { $("proven").textContent = text; $("proven").className = holds ? "proven" : "violated"; };

  options.forEach((one) => { one.group = one.parentElement; });
  options.sort((a, b) => a.value - b.value);
  for (const code of new Set(hubs.map((one) => one.j))) {
    const many = hubs.filter((one) => one.j === code).length;
    if (many > 1 && many < hubs.length) $("view").append(html("option", { value: code }, names[code]));
  }
  $("find").addEventListener("input", () => { const found = search($("find").value); if (found.length && !found.includes(chosen)) { const typed = $("find").value; choose(found[0]); $("find").value = typed; } });
  $("demand").addEventListener("change", (e) => choose(+e.target.value));
  $("set")?.addEventListener("change", (e) => underSet(+e.target.value));
  $("cut").addEventListener("input", draw);
  $("view").addEventListener("change", (e) => { at = e.target.value; draw(); });
  document.querySelector(".ask").addEventListener("submit", (e) => e.preventDefault());
  map.addEventListener("pointermove", (e) => {
    if (e.pointerType !== "mouse" || e.target.closest("[data-h]")) return;
    const found = it.near(e);
    map.classList.toggle("near", found.length > 0);
    it.mark("on", found.slice(0, 1));
  });
  map.addEventListener("click", (e) => { const h = e.target.closest("[data-h]"); if (h) hub(+h.dataset.h); else offer(it.near(e)); });
  document.addEventListener("click", (e) => {
    const of = e.target.closest("[data-demand],[data-fibre],[data-dead],[data-zoom],[data-set]")?.dataset;
    if (!of) return;
    if (of.zoom) { it.zoom(+of.zoom); return; }
    if (of.set && $("set")) underSet(+of.set);
    if (of.demand) choose(+of.demand);
    if (of.dead) showDead(of.dead.split(" ").map(Number));
    if (of.fibre) { pick(+of.fibre); at = "all"; $("view").value = at; draw(); }
    map.scrollIntoView({ block: "nearest" });
  });
  Object.assign(it, { draw, pick, html, states: {}, setFibre, setDemand, setCounts, setStale, addEvent, setVerdict, setProof, said: SAID });
  choose(chosen);
  performance.mark("interactive");
})();
