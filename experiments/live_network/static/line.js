"use strict";
// The line to a live network: one stream while this page is seen, orders one after another.
window.corridor.line = (() => {
  const KEY = "corridor-token", PAGE = "corridor-page";
  const SILENT_MS = 25000, HERE_MS = 15000, LONGEST_MS = 8000, FIRST_MS = 250, TRIES = 12;
  const NOW = ["crowded", "busy", "absent"];          // what is worth asking again for
  const page = sessionStorage.getItem(PAGE) ?? crypto.randomUUID();
  sessionStorage.setItem(PAGE, page);
  const it = { page, state: "waiting", position: "now", drawn: [], heard: () => {}, changed: () => {}, resumed: () => {}, demand: () => "" };
  const waiting = [];
  let heardAt = Date.now(), stream = null, working = false, touched = true;

  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const seen = () => (document.hidden ? new Promise((done) => document.addEventListener("visibilitychange", () => done(seen()), { once: true })) : Promise.resolve());
  function become(state, since = 0) {
    if (it.state === "denied" || (it.state === state && state !== "gone")) return;
    it.state = state;
    it.changed(state, since);
  }
  async function call(path, more = {}) {
    const token = sessionStorage.getItem(KEY);
    if (!token) { become("denied"); throw new Error("not allowed"); }
    const answer = await fetch(path, { cache: "no-store", credentials: "omit", redirect: "error", ...more, headers: { Authorization: `Bearer ${token}`, ...more.headers } });
    if (answer.status === 401) {                      // another program may listen at this port by now
      sessionStorage.removeItem(KEY);
      become("denied");
      throw new Error("not allowed");
    }
    return answer;
  }
  const said = async (answer) => { try { return await answer.json(); } catch { return { kind: "error", detail: `it answered ${answer.status}` }; } };

  function take(block, at) {                          // one event of the stream, and when it came
    const field = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) field[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
    }
    if (field.id) it.position = field.id;
    if (!field.data) return;
    const what = JSON.parse(field.data);
    if (field.event === "line") {
      const before = it.state;
      if (what.state !== "waiting") become(what.state, what.since_ns / 1e6);
      if (what.state === "live" && before !== "live") it.resumed();
      return;
    }
    it.heard(field.event ?? "", what, at);
  }
  async function read(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let left = "";
    for (;;) {
      const { value, done } = await reader.read();
      const at = performance.now();
      if (done) return;
      heardAt = Date.now();
      const blocks = (left + value).split("\n\n");
      left = blocks.pop();
      for (const block of blocks) take(block, at);
    }
  }
  async function listen() {
    let wait = FIRST_MS;
    while (it.state !== "denied") {
      await seen();
      stream = new AbortController();
      heardAt = Date.now();
      try {
        const answer = await call("v1/stream", { headers: { "Last-Event-ID": it.position }, signal: stream.signal });
        if (answer.ok) { wait = FIRST_MS; await read(answer); continue; }
        become((await said(answer)).kind === "crowded" ? "crowded" : "lost");
      } catch {
        if (!document.hidden) become("lost");
      }
      if (document.hidden) continue;
      await rest(wait);
      wait = Math.min(wait * 2, LONGEST_MS);
    }
  }
  async function work() {                             // orders, in their order; what is crowded is asked again
    if (working) return;
    working = true;
    while (waiting.length && it.state !== "denied") {
      const one = waiting[0];
      let ok = false, what = null;
      try {
        const answer = await call("page/do", { method: "POST", body: JSON.stringify({ ...one.order, page }) });
        what = await said(answer);
        ok = answer.ok;
      } catch { what = { kind: "absent", detail: "no answer" }; }
      if (!ok && NOW.includes(what.kind) && ++one.tries < TRIES && it.state !== "denied") {
        it.changed(it.state, 0, `${what.detail}; asked again`);
        await rest(Math.min(FIRST_MS * 2 ** one.tries, LONGEST_MS));
        continue;
      }
      waiting.shift();
      one.then(ok, what);
      it.changed(it.state, 0);
    }
    working = false;
  }
  async function here() {
    const order = { do: "here", page, touched, demand: document.hidden ? "" : it.demand() };
    touched = false;
    try { await call("page/do", { method: "POST", body: JSON.stringify(order) }); } catch { /* the stream tells */ }
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { become("paused"); stream?.abort(); } else if (it.state === "paused") { become("waiting"); here(); }
  });
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { touched = true; }, { passive: true });
  setInterval(() => { if (!document.hidden && Date.now() - heardAt > SILENT_MS) stream?.abort(); }, 5000);
  setInterval(here, HERE_MS);
  return Object.assign(it, {
    call, said, here,
    waits: () => waiting.length,
    order: (order, then = () => {}) => { waiting.push({ order, then, tries: 0 }); it.changed(it.state, 0); work(); },
    begin: (position) => { it.position = position; listen(); here(); },
  });
})();
