/* Finds the town by the phone's own position: the page has the middles of the towns, so the position
 * never leaves the phone. One taps the right one of the two that are nearest. Without script, or
 * without leave, one chooses from the list or the map.
 */
"use strict";
(function () {
  const NEAREST = 2;
  const NEAR_KM = 25;
  const DEGREE_KM = 111.2;

  function listNearest(options, { latitude, longitude }) {
    const east = Math.cos((latitude * Math.PI) / 180);
    return options
      .map((option) => {
        const [lat, lon] = option.dataset.middle.split(",").map(Number);
        return { option, km: Math.hypot(lat - latitude, (lon - longitude) * east) * DEGREE_KM };
      })
      .filter(({ km }) => km <= NEAR_KM)
      .sort((one, other) => one.km - other.km)
      .slice(0, NEAREST)
      .map(({ option }) => option);
  }

  function choose(list, option) {
    list.value = option.value;
    list.dispatchEvent(new Event("input", { bubbles: true }));
    list.focus();
  }

  function offer(place, list, options) {
    const answers = place.querySelector("[data-place-answers]");
    place.querySelector("[data-place-none]").hidden = options.length > 0;
    answers.replaceChildren(
      ...options.map((option) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "secondary";
        button.textContent = option.textContent;
        button.addEventListener("click", () => choose(list, option));
        return button;
      }),
    );
    place.querySelector("[data-place-question]").hidden = options.length === 0;
  }

  function start() {
    const place = document.getElementById("place");
    const list = document.getElementById("town");
    if (!place || !list || !navigator.geolocation) return;
    const options = [...list.options].filter((option) => option.dataset.middle);
    place.hidden = false;
    place.querySelector("[data-place-ask]").addEventListener("click", () => {
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => offer(place, list, listNearest(options, coords)),
        () => offer(place, list, []),
        { maximumAge: 600_000, timeout: 10_000 },
      );
    });
  }

  start();
})();
