"use strict";
// Fetches the page with the token, since it is of a network, and starts its scripts. The token comes
// behind the # of the address, which no browser sends to anybody, and is kept for this tab alone.
(async () => {
  const KEY = "corridor-token", RETRY_MS = 1000;
  const say = (text) => { document.getElementById("line").textContent = text; };
  const NONE = "Not allowed: open the address that corridor page prints, with all that stands behind the #.";

  function take() {                                   // whether the address held a token; it does not any more
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given === null) return false;
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname);
    return true;
  }
  function fetchPage(token) {                         // as a document: no text becomes markup here
    return new Promise((done) => {
      const asked = new XMLHttpRequest();
      asked.open("GET", "page/body");
      asked.responseType = "document";
      asked.setRequestHeader("Authorization", `Bearer ${token}`);
      asked.onloadend = () => done(asked);
      asked.send();
    });
  }
  async function adopt(page) {
    const scripts = [...page.querySelectorAll("script[src]")].map((one) => one.getAttribute("src"));
    page.querySelectorAll("script:not([type='application/json'])").forEach((one) => one.remove());
    document.title = page.title;
    document.documentElement.className = page.documentElement.className;
    document.body.replaceChildren(...page.body.childNodes);
    for (const name of [...scripts, "line.js", "live.js"]) await import(`./${name}`);
  }
  async function open() {
    for (;;) {
      const token = sessionStorage.getItem(KEY);
      if (!token) { say(NONE); return; }
      say("waiting for the network's page");
      const { status, response } = await fetchPage(token);
      if (status === 200 && response) { await adopt(response); return; }
      if (status === 401) { sessionStorage.removeItem(KEY); say(NONE); return; }
      say(status ? `The page cannot be shown yet (${status}); it tries again.` : "No answer at this address; the page tries again.");
      await new Promise((wait) => setTimeout(wait, RETRY_MS));
    }
  }

  addEventListener("hashchange", () => { if (take()) location.reload(); });
  take();
  await open();
})();
