/* Keeps the part of a page that says `data-live="SECONDS"` up to date: asks for the same page again
 * and puts in what its part says now, until that says `data-live="0"`. One that says
 * `data-live-from="ADDRESS"` is sent by the server as it changes. Without script, one reloads.
 * Nothing is asked while nobody looks.
 */
"use strict";
(function () {
  const part = document.querySelector("[data-live], [data-live-from]");
  if (!part) return;
  const AGAIN_MS = 5000;
  const pauseMs = Number(part.dataset.live ?? 0) * 1000;

  let isOver = false;
  let stream = null;

  const parse = (html) => new DOMParser().parseFromString(html, "text/html");

  function put(fresh) {
    if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
  }

  async function update() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) return;
      const fresh = parse(await answer.text()).querySelector("[data-live]");
      isOver = Boolean(fresh) && fresh.dataset.live === "0";
      put(fresh);
    } catch {
      /* Away for a moment, or signed out: what was seen last stays. */
    }
  }

  async function run() {
    await update();
    if (!isOver) setTimeout(run, pauseMs);
  }

  function listen() {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else if (!stream) {
      stream = new EventSource(part.dataset.liveFrom);
      stream.addEventListener("part", (event) => put(parse(event.data).body));
      stream.addEventListener("error", reopen);
    }
  }

  /* A browser opens a stream again that broke off, but none that was refused: by a service that is
   * starting, just when somebody watches. */
  function reopen() {
    if (stream?.readyState !== EventSource.CLOSED) return;
    stream = null;
    setTimeout(listen, AGAIN_MS);
  }

  if (part.dataset.liveFrom) {
    document.addEventListener("visibilitychange", listen);
    listen();
  } else if (pauseMs) {
    setTimeout(run, pauseMs);
  }
})();
