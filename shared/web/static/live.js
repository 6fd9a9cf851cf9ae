/* Keeps the parts of a page that say `data-live="SECONDS"` up to date: asks for the same page again
 * and puts in what its part says now. Without script, one reloads. Nothing is asked while nobody looks.
 */
"use strict";
(function () {
  const part = document.querySelector("[data-live]");
  if (!part) return;
  const pauseMs = Number(part.dataset.live) * 1000;

  async function update() {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    } catch {
      /* Away for a moment, or signed out: what was seen last stays. */
    }
  }

  async function run() {
    await update();
    setTimeout(run, pauseMs);
  }
  setTimeout(run, pauseMs);
})();
