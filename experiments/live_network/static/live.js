"use strict";
// What happens to a live network, on its page; and what is asked of it there.
(() => {
  const it = window.corridor, { line, model, fibres, hubs, paths, html } = it, { demands } = model;
  const $ = (id) => document.getElementById(id);
  const NO_POLICIES = "none", KEPT_MS = 60000, SAY_MS = 2000, MOST_REFUSALS = 5, MOST_FULLEST = 4;
  const STATES = {
    waiting: "Waiting for the connection.", live: "Live: the page shows the current state.", paused: "Paused while this page is hidden.",
    lost: "No answer: the network has ended, or the connection to it is broken. The page tries again.",
    crowded: "Too many pages are open at once: this one waits for its turn.",
    denied: "Access refused: the token is of another network. Open the address that corridor page prints.",
  };
  const HURT = ["failures", "update", "installed", "taken over", "withdrawn", "repaired", "judged", "deferred", "switch", "forgotten"];
  const numberOf = new Map(demands.map((one, i) => [one.id, i])), fibreOf = new Map(fibres.map((one, i) => [one.id, i]));
  const hubOf = new Map(hubs.map((one, i) => [one.id, i])), served = new Map(), states = new Map(), trips = [];
  const atFirst = demands.map((one) => ({ ...one.by[0] }));  // as computed when the network was brought up
  const cutsAtFirst = demands.map((one) => one.cuts);
  const isAsAtFirst = () => about && status.policies === about.at_first.policies && status.as_of === about.at_first.as_of;
  const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false }), ms = (value) => value.toFixed(1);
  let about = null, status = {}, changed = new Set(), frame = 0, arrivals = [], news = [], saying = 0, resyncing = 0, chosenFibre = -1, internet = "", cutAsked = "";

  // the line
  line.changed = (state, since, note = "") => {
    const text = state === "gone" ? `The controller is gone since ${clock(since || Date.now())}. Switches continue to forward; the page shows the state at that time.` : STATES[state];
    if ($("line").textContent !== text) { $("line").textContent = text; $("line").className = state; }
    const waits = line.waits();
    $("orders").textContent = note || (waits > 1 ? `${waits} orders wait for their turn.` : waits ? "Asked; waiting for the answer." : "");
    acts();
  };
  line.demand = () => (about && about.probed.includes(shown()) ? shown() : "");
  const shown = () => demands[it.chosen]?.id ?? "";

  // the network as it is
  async function resync() {
    resyncing = 0;
    try {
      const answer = await line.call("page/now");
      const now = answer.ok ? await answer.json() : { away: true };
      if (now.away) { again(1000); return; }         // the controller computes, or is dead: the line tells which
      take(now);
    } catch { if (line.state !== "denied") again(2000); }
  }
  const again = (wait) => { if (!resyncing) resyncing = setTimeout(resync, wait); };
  function take(now) {
    const first = about === null, known = about?.proof, isSame = known?.of === now.proof.of && known?.epoch === now.proof.epoch;
    about = now; status = now.status;
    for (const one of now.demands) serve(one);
    fibres.forEach(({ id }) => setFibre(id, now.fibres[id] ?? []));
    prove(isSame ? { ...known, ...now.proof } : now.proof); hold(now.done); rules(first); sum(); why();
    if (!first) return;
    for (const one of now.events) tell(one);
    line.begin(now.position);
  }
  function serve(one) {
    const id = one.demand.replace(/\.return$/, "");
    served.set(one.demand, one);
    changed.add(id);
    soon();
  }
  function pathNumber(now) {                              // its number among the paths, a new one where there was none
    if (!now.fibres.length) return -1;
    const start = hubOf.get(now.hubs[0]), ids = now.fibres.map((one) => fibreOf.get(one));
    const known = paths.findIndex(([from, over]) => from === start && over.length === ids.length && over.every((one, i) => one === ids[i]));
    if (known >= 0) return known;
    const met = now.hubs.flatMap((hub, i) => [hubs[hubOf.get(hub)].j, ...(ids[i] === undefined ? [] : (fibres[ids[i]].x ?? "").split(" "))]);
    return paths.push([start, ids, now.one_way_ns / 1e6, [...new Set(met.filter(Boolean))].join(" "), "", []]) - 1;
  }
  function show(id) {                                 // one demand as it is served now
    const now = served.get(id), back = served.get(`${id}.return`), i = numberOf.get(id);
    if (i === undefined || !now) return;
    const by = demands[i].by[0], first = atFirst[i], goes = now.one_way_ns !== null && back?.one_way_ns != null;
    const rtt = goes ? (now.one_way_ns + back.one_way_ns) / 1e6 : null;
    by.w = pathNumber(now);
    by.law = now.legal_ref.map((ref) => model.law.findIndex(([known]) => known === ref)).filter((one) => one >= 0);
    const why = [now.reason, now.clause, now.remedy && `remedy: ${now.remedy}`, back?.status !== now.status && back?.reason && `answers: ${back.reason}`];
    const asComputed = isAsAtFirst() && by.w === first.w && (by.w >= 0 ? ["UP", "ALT"] : ["BLOCKED"]).includes(now.status);
    if (asComputed) Object.assign(by, first);
    demands[i].cuts = asComputed ? cutsAtFirst[i] : [];
    const free = status.policies === NO_POLICIES && ["UP", "ALT", "DEGRADED"].includes(now.status);
    const state = free ? `${now.status} without policies` : !now.judged ? "unjudged" : asComputed ? first.st : now.status;
    it.setDemand(id, { status: state, round_trip_ms: rtt, permit: now.permit, why: why.filter(Boolean).join("; "), asComputed });
  }
  function setFibre(id, words) {
    const said = words.join(", "), i = fibreOf.get(id);
    if (i === undefined || states.get(id) === said) return;
    states.set(id, said);
    const kind = words.includes("cut") ? "cut" : words.includes("drained") ? "drained" : said || "up";
    it.setFibre(id, kind);
    it.states[i] = said;
    it.shapes[i].classList.toggle("is-down", words.some((one) => one === "failed" || one === "held out"));
    changed.add(shown());
    soon(); acts();
  }
  function sum() {
    const all = [...served.values()].filter((one) => !one.demand.endsWith(".return"));
    const kept = all.filter((one) => one.status === "BLOCKED").length, down = all.filter((one) => one.status === "DOWN").length;
    const unknown = all.filter((one) => one.status === "UNKNOWN").length;
    const less = all.filter((one) => one.status === "DEGRADED").length, broken = [...[...states].filter(([, said]) => said), ...Object.entries(about.hubs).map(([id, words]) => [id, words.join(", ")])];
    askInternet();
    const count = (n) => `${n} demand${n === 1 ? "" : "s"}`, none = status.policies === NO_POLICIES;
    const parts = [`${all.length - kept - down - unknown} of ${count(all.length)} are served`, ...(none && !kept ? [] : [`${kept} blocked by policies`]), ...(unknown ? [`${unknown} in an unknown state`] : []), ...(down ? [`${down} without a path`] : [])];
    const counts = `${parts.join(", ")}.`, computed = `for policies ${about.at_first.policies} as of ${about.at_first.as_of}, with every fibre in service`;
    it.setCounts(`Now: ${counts} Times of paths are computed; answers are counted with their demands.`);
    it.setStale(isAsAtFirst() && !broken.length ? "" : `This section was computed ${computed}. The network has changed since then.`);
    it.setVerdict([
      counts,
      (none ? "No policy set is active, so nothing is checked for compliance." : `Policies ${status.policies} as of ${status.as_of}.`) + (less ? ` ${count(less)} ${less === 1 ? "has" : "have"} a longer path or less protection than requested.` : ""),
      broken.length ? `Failed or out of use: ${broken.map(([id, said]) => `${id} (${said})`).join(", ")}.` : "Every fibre and hub is in use.",
      ...(internet ? [internet] : []),
      ...(status.deferred ? [`Waiting: ${status.deferred}.`] : []), ...(status.away?.length ? [`Disconnected: ${status.away.join(", ")}.`] : []),
    ]);
  }
  async function askInternet() {                      // what the cuts do to Internet traffic: computed when they change
    const cuts = [...states].filter(([, said]) => /cut|failed/.test(said)).map(([id]) => id), asked = cuts.length ? `${cuts} ${status.as_of}` : "";
    if (asked === cutAsked) return;
    cutAsked = asked;
    internet = "";
    if (!asked) return;
    try {
      const answer = await line.call("page/internet"), said = answer.ok ? (await answer.json()).said : "";
      if (asked !== cutAsked) return;
      internet = said;
      if (said) sum();
    } catch { cutAsked = ""; }
  }
  function prove(proof) {
    if (!proof.claims) return;
    about.proof = proof;
    const { done_ms: done, claims } = proof, verified = claims.filter(([, , word]) => word === "verified").length;
    const took = done ? (done["compiled and proven"] + done.proven - done.beside) / 1000 : 0;
    const flip = done ? proof.at_ns / 1e6 - (done.removed ?? done.flipped) + done.flipped : 0;
    const when = done ? ` in ${took.toFixed(took < 1 ? 2 : 1)} s, before and after the change; activated at ${clock(flip)}` : "";
    const own = proof.epoch === null, whose = own ? ` of the tables that ${proof.of} made` : "";
    it.setProof(proof.unproven ? `Not verified${whose}: ${proof.unproven}` : proof.holds ? `${verified} properties verified${whose}${when}${own ? "" : ` (epoch ${proof.epoch})`}.` : "A property is violated: see corridor status.", proof.holds && !proof.unproven);
    $("claims").replaceChildren(...claims.map(([id, plain, said]) => html("li", {}, html("b", {}, `${id}, ${said}: `), plain)));
  }
  // An update is activated only when it is proven: both of its events have all but the verdicts, which are those there were.
  const updated = (event) => prove({ ...about.proof, of: event.why, done_ms: event.done_ms, at_ns: event.at_ns, epoch: event.epoch, holds: true, unproven: "" });

  // what happens
  line.heard = (kind, what, at) => {
    if (kind === "probe") probe(what);
    else if (kind === "load") load(what.shares);
    else if (kind === "done") { hold(what.done); if (what.put_back) { note(`put back: ${what.put_back}`); again(300); } }
    else if (!kind) { arrivals.push(at); happened(what); }
  };
  line.resumed = () => again(0);
  function happened(event) {
    if (event.event === "flipped") {                  // the new paths serve; old entries are removed later
      Object.assign(status, { policies: event.policies, as_of: event.as_of });
      updated(event); again(0);
      return;
    }
    tell(event);
    if (event.event === "status") { serve(event); news.push(`${event.demand} ${event.status}`); sayNews(); }
    if (event.event === "failures") {
      it.setProof("The controller computes and verifies the next paths; until then switches keep the installed tables.", true);
      const dead = new Set(event.links);
      for (const { id } of fibres) {
        const rest = (states.get(id) ?? "").split(", ").filter((one) => one && !["failed", "cut"].includes(one));
        setFibre(id, [...(dead.has(id) ? [about.done.cuts.includes(id) ? "cut" : "failed"] : []), ...rest]);
      }
    }
    if (event.event === "update") updated(event);
    if (HURT.includes(event.event)) again(150);
    soon();
  }
  const tell = (event) => it.addEvent({ at: clock(event.at_ns / 1e6), what: (event.told ?? event.event).replace(event.demand ? `${event.demand}: ` : "", ""), whom: event.demand ?? "" });
  const note = (what) => it.addEvent({ at: clock(Date.now()), what });
  function sayNews() {                                // aloud, at most every two seconds, and in short
    if (saying) return;
    saying = setTimeout(() => {
      saying = 0;
      $("happened").textContent = news.length > 3 ? `${news.length} changes: ${news.slice(0, 3).join(", ")} and more` : news.join(", ");
      news = [];
    }, SAY_MS);
  }
  const over = it.over;                               // what is broken is drawn on top of every path
  it.over = (layers) => {
    const dead = [...fibres.keys()].filter((i) => /cut|failed/.test(states.get(fibres[i].id) ?? ""));
    over([...layers.filter(([kind]) => kind !== "dead"), ["dead", dead]]);
  };
  function soon() { if (!frame) frame = requestAnimationFrame(draw); }
  function draw() {
    frame = 0;
    const left = changed;
    changed = new Set();
    for (const id of left) if (id !== shown()) show(id);
    if (left.has(shown())) { show(shown()); it.draw(); }
    if (left.size) sum();
    const now = performance.now();
    line.drawn.push(...arrivals.map((at) => now - at));
    line.drawn.splice(0, line.drawn.length - 1000);
    arrivals = [];
  }

  // measured
  function probe(said) {
    if (said.demand !== shown()) return;
    if (said.failed) { $("pulse").textContent = `not measured: ${said.failed}`; return; }
    const now = Date.now();
    trips.push([now, said.lost ? null : said.rtt_ns / 1e6]);
    while (trips.length && trips[0][0] < now - KEPT_MS) trips.shift();
    const answered = trips.filter(([, value]) => value !== null).map(([, value]) => value), lost = trips.length - answered.length;
    if (!answered.length) { $("pulse").textContent = "no answer"; return; }
    answered.sort((a, b) => a - b);
    const at = (share) => answered[Math.floor(share * (answered.length - 1))], high = at(1), low = at(0);
    // A few that a busy machine held up do not make all others look alike.
    const bottom = at(0.02), span = Math.max(at(0.9) - bottom, bottom * 0.1, 1);
    const x = (when) => (240 - (now - when) / KEPT_MS * 240).toFixed(1), y = (value) => Math.max(2, 50 - (value - bottom) / span * 36).toFixed(1);
    $("trips-path").setAttribute("d", trips.map(([at, value], i) => (value === null ? "" : `${i && trips[i - 1][1] !== null ? "L" : "M"}${x(at)} ${y(value)}`)).join(""));
    $("trips-lost").setAttribute("d", trips.filter(([, value]) => value === null).map(([at]) => `M${x(at)} 4V56`).join(""));
    $("pulse").textContent = `${said.lost ? "no answer" : `${ms(said.rtt_ns / 1e6)} ms`} now, measured; in the last minute ${ms(low)} to ${ms(high)} ms, ${lost} of ${trips.length} lost`;
  }
  function probing() {
    trips.length = 0;
    $("pulse-name").textContent = $("why-name").textContent = shown();
    $("why-text").textContent = "";
    why();
    $("pulse").textContent = line.demand() ? "is being measured" : "is not measured";
    for (const id of ["trips-path", "trips-lost"]) $(id).setAttribute("d", "");
    line.here();
  }
  function load(shares) {
    fibres.forEach(({ id }, i) => {
      const share = shares[id] ?? 0, shape = it.shapes[i];
      shape.classList.toggle("loaded", share >= 0.02);
      shape.style.setProperty("--load", share.toFixed(3));
    });
    const fullest = Object.entries(shares).sort(([, a], [, b]) => b - a).slice(0, MOST_FULLEST);
    $("loads").textContent = fullest.length ? `Highest utilization, of the emulated rate: ${fullest.map(([id, share]) => `${id} ${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`).join(", ")}.` : "No fibre carries traffic of demands.";
  }

  // orders
  function refuse(reason, examples) {
    const item = html("li", {}, `Refused, and nothing was changed: ${reason}`);
    for (const one of examples.slice(0, 1)) item.append(html("pre", { tabIndex: 0 }, typeof one === "string" ? one : JSON.stringify(one, null, 1)));
    $("refusals").prepend(item);
    while ($("refusals").children.length > MOST_REFUSALS) $("refusals").lastElementChild.remove();
  }
  const order = (what, then = () => {}) => line.order(what, (ok, said) => {
    if (!ok) { const text = said.text ? [said.text] : said.counterexamples ?? []; refuse(said.detail ?? "not done", text); }
    then(ok, said);
    again(200);
  });
  function acts() {                                   // what may be done to the chosen fibre
    const one = fibres[chosenFibre];
    $("act").hidden = !one;
    document.body.classList.toggle("acting", Boolean(one));
    if (!one) return;
    $("act-name").textContent = one.id;
    const said = states.get(one.id) ?? "", off = line.state === "denied";
    const broken = said && said !== "drained";
    const drained = said.includes("drained"), not = { cut: broken, mend: !broken, drain: drained, restore: !drained };
    const held = document.activeElement;
    for (const button of $("act").querySelectorAll("button")) button.hidden = button.dataset.act !== "close" && Boolean(off || not[button.dataset.act]);
    if (held?.hidden && $("act").contains(held)) $("act").querySelector("button:not([hidden])").focus();
  }
  it.picked = (i) => {
    chosenFibre = i;
    acts();
    if (document.activeElement?.closest("[data-fibre]")) $("act").querySelector("button:not([hidden])").focus();
  };
  $("act").addEventListener("click", (e) => {
    const act = e.target.closest("[data-act]")?.dataset.act, fibre = fibres[chosenFibre]?.id;
    if (!act || !fibre) return;
    if (act === "close") { chosenFibre = -1; it.mark("on", []); acts(); return; }
    note(`${fibre}: ${act} asked for here`);
    order({ do: act, fibre });
  });
  function hold(done) {
    about.done = done;
    for (const id of done.cuts) if (states.get(id) === "failed") setFibre(id, ["cut"]);
    const parts = [...done.cuts.map((one) => `${one} cut`), ...done.drains.map((one) => `${one} drained`), ...(done.policies === null ? [] : [`policies instead of ${done.policies}`]), ...(done.day === null ? [] : [`a day instead of ${done.day}`])];
    $("putback").hidden = !parts.length;
    $("held").textContent = parts.length ? `Done by pages: ${parts.join(", ")}. It is undone ${Math.round(about.lease_s / 60)} minutes after the pages that did it have gone`
      + (about.idle_s ? `, or when no page was used for ${Math.round(about.idle_s / 60)} minutes.` : ".") : "";
  }
  function rules(first) {
    if (first) {
      $("policies").append(html("option", { value: "" }, `as at the start`), ...about.sets.map((one) => html("option", { value: one }, one)));
      $("policies").value = about.sets.includes(status.policies) ? status.policies : "";
    }
    if (document.activeElement !== $("day")) $("day").value = status.as_of;
  }
  $("rules").addEventListener("submit", (e) => {
    e.preventDefault();
    const day = $("day").value, set = $("policies").value || null;
    note(`policies ${set ?? "as at the start"} as of ${day} asked for here`);
    if (day && day !== status.as_of) order({ do: "day", as_of: day });
    if (set !== status.policies) order({ do: "policies", set, outside: $("outside").checked ? "not-judged" : "deny" });
  });
  $("putback").addEventListener("click", () => order({ do: "put-back" }, (ok, said) => { if (ok && said.left.length) refuse(said.left.join("; "), []); }));
  async function why() {
    if (!$("why-box").open) return;
    const of = shown();
    let text = "no answer";
    try {
      const answer = await line.call(`page/why?demand=${encodeURIComponent(of)}`);
      text = answer.ok ? await answer.text() : (await line.said(answer)).detail;
    } catch { /* the line tells */ }
    if (of === shown()) $("why-text").textContent = text;
  }
  $("why-box").addEventListener("toggle", why);

  let last = -1;                                      // a demand was chosen: by select, table, search or map
  const choose = () => { if (it.chosen !== last) { last = it.chosen; probing(); } };
  for (const kind of ["change", "click", "input"]) document.addEventListener(kind, () => setTimeout(choose));
  line.changed("waiting", 0);
  choose();
  resync();
})();
