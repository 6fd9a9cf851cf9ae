/* Keeps the parts of a page that say `data-live="SECONDS"` up to date: asks for the same page again
 * and puts in what its part says now, until that says `data-live="0"`. Without script, one reloads.
 * Nothing is asked while nobody looks.
 */
"use strict";
(function () {
  const part = document.querySelector("[data-live]");
  if (!part) return;
  const pauseMs = Number(part.dataset.live) * 1000;

  let isOver = false;

  async function update() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      isOver = Boolean(fresh) && fresh.dataset.live === "0";
      if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    } catch {
      /* Away for a moment, or signed out: what was seen last stays. */
    }
  }

  async function run() {
    await update();
    if (!isOver) setTimeout(run, pauseMs);
  }
  if (pauseMs) setTimeout(run, pauseMs);
})();
