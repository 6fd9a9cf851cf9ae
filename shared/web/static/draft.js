/* Keeps what is typed in a form that says `data-draft="NAME"` until the house has it, so that a lost
 * signal loses nothing. NAME is the hidden field by which the house knows a repetition: what is sent
 * twice counts once. Drafts stay in this tab, of this account, for half a day; signing out ends them,
 * from whichever page: the one after it says `data-drafts-end`. Of who is not signed in they end when nothing was typed for
 * half an hour, also on a page that was left open: the next in front of it may be another.
 * Without script, a form is sent as any other.
 */
"use strict";
(function () {
  const PREFIX = "guanjia-draft:";
  let isSwapped = false;
  const owner = document.body.dataset.account || "";
  const LASTS_MS = owner ? 12 * 3600 * 1000 : 30 * 60 * 1000;
  const LOOK_EVERY_MS = 30 * 1000;

  const isOurs = (form) => form instanceof HTMLFormElement && Boolean(form.dataset.draft);
  const makeKey = (form) => PREFIX + new URL(form.action).pathname;
  const isTyped = (field) =>
    field.name && !["hidden", "file", "submit", "button", "password"].includes(field.type);

  function listDrafts() {
    return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  }

  function readDraft(key) {
    try {
      const draft = JSON.parse(sessionStorage.getItem(key));
      if (draft && draft.owner === owner && Date.now() - draft.at < LASTS_MS) return draft;
    } catch {
      /* Written by nobody of ours. */
    }
    sessionStorage.removeItem(key);
    return null;
  }

  /* Fields of another step of the same form stay as they were saved there. */
  function saveDraft(form) {
    const key = makeKey(form);
    const fields = { ...(readDraft(key)?.fields ?? {}) };
    const shown = [...form.elements].filter(isTyped);
    for (const field of shown) fields[field.name] = [];
    for (const field of shown) {
      const isTick = field.type === "checkbox" || field.type === "radio";
      if (!isTick || field.checked) fields[field.name].push(field.value);
    }
    const once = form.elements[form.dataset.draft]?.value ?? "";
    try {
      sessionStorage.setItem(key, JSON.stringify({ owner, at: Date.now(), once, fields }));
    } catch {
      /* No room, or storage is switched off: the form works as without script. */
    }
  }

  function restoreDraft(form) {
    const draft = readDraft(makeKey(form));
    if (!draft) return;
    let isChanged = false;
    for (const field of [...form.elements].filter(isTyped)) {
      const values = draft.fields[field.name];
      if (!values) continue;
      if (field.type === "checkbox" || field.type === "radio") {
        isChanged ||= field.checked !== values.includes(field.value);
        field.checked = values.includes(field.value);
      } else if (values.length) {
        isChanged ||= field.value !== values[0];
        field.value = values[0];
      }
    }
    if (!isChanged) return;
    const once = form.elements[form.dataset.draft];
    if (once && draft.once) once.value = draft.once;
    for (let part = form.parentElement; part; part = part.parentElement) {
      if (part instanceof HTMLDetailsElement) part.open = true;
    }
    show("draft-restored", form);
  }

  /* One of the notices of `draft_notices`, before the form that it is about. */
  function show(id, form) {
    for (const each of document.querySelectorAll("[data-draft-notice]")) each.hidden = true;
    const notice = document.getElementById(id);
    if (!notice) return;
    if (form) form.before(notice);
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
  }

  async function send(form, button) {
    const data = new FormData(form);
    if (button?.name) data.append(button.name, button.value);
    const isMultipart = form.enctype === "multipart/form-data";
    const body = isMultipart ? data : new URLSearchParams(data);
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    return { answer, text: answer.redirected ? "" : await answer.text() };
  }

  /* A page that came as the answer to a form takes the place of the one that sent it. One that goes
   * on with what was sent is a place of its own, to go back from. */
  function swap(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    document.title = page.title;
    document.body.replaceWith(page.body);
    scrollTo(0, 0);
    const first = document.querySelector("[autofocus], [role=alert]:not([hidden]), .wrong-field");
    if (first && !first.hasAttribute("autofocus")) first.tabIndex = -1;
    (first ?? document.getElementById("content"))?.focus();
  }

  function follow(url) {
    const target = new URL(url);
    if (target.pathname + target.search !== location.pathname + location.search) {
      location.assign(url);
      return;
    }
    history.scrollRestoration = "manual"; // or what came of it has the focus out of sight
    location.reload();
  }

  /* Whether the form stays, to be sent again. */
  function takeAnswer(form, { answer, text }) {
    if (answer.status === 429 || answer.status >= 500) {
      show("draft-busy", form);
      return true;
    }
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
      location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
      return false;
    }
    const [key, name, once] = [makeKey(form), form.dataset.draft, form.elements[form.dataset.draft]?.value];
    if (answer.redirected) {
      sessionStorage.removeItem(key);
      follow(answer.url);
      return false;
    }
    swap(text);
    const again = [...document.forms].filter((each) => isOurs(each) && makeKey(each) === key);
    const next = again.find((each) => each.elements[name]?.value === once);
    if (next) {
      saveDraft(next); // as it was answered: a button may have changed what was typed
      history.pushState(null, "", location.href);
      isSwapped = true;
    } else if (answer.ok || again.length) {
      sessionStorage.removeItem(key);
    }
    start();
    return false;
  }

  function start() {
    for (const form of document.querySelectorAll("form[data-draft]")) restoreDraft(form);
  }

  /* All of them, or those of another account and of yesterday. */
  function clear() {
    const isOver = document.querySelector("[data-drafts-end]");
    for (const key of listDrafts()) {
      if (isOver) sessionStorage.removeItem(key);
      else readDraft(key);
    }
  }

  /* The page as it is for whoever comes first; a form's own address is perhaps of none. */
  function startAnew() {
    location.replace(location.pathname + location.search);
  }

  function endIdle() {
    const isOver = (form) => sessionStorage.getItem(makeKey(form)) && !readDraft(makeKey(form));
    if ([...document.querySelectorAll("form[data-draft]")].some(isOver)) startAnew();
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-draft-clear]")) return;
    for (const form of document.querySelectorAll("form[data-draft]")) {
      sessionStorage.removeItem(makeKey(form));
    }
    startAnew();
  });

  /* Where a form says so, Enter saves from a list too; of what cannot be taken back none does. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.target instanceof HTMLSelectElement)) return;
    const form = event.target.form;
    if (!isOurs(form) || !("enterSaves" in form.dataset)) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("button:not([type=button])"));
  });

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (isOurs(form)) saveDraft(form);
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.action.endsWith("/sign-out")) listDrafts().forEach((key) => sessionStorage.removeItem(key));
    if (!isOurs(form) || event.defaultPrevented) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    saveDraft(form);
    let stays = true;
    try {
      stays = takeAnswer(form, await send(form, event.submitter));
    } catch {
      show("draft-lost", form);
    }
    if (stays) form.removeAttribute("aria-busy");
  });

  addEventListener("popstate", () => {
    if (isSwapped) location.reload();
  });

  /* Not at "load": Chromium looks once more then whether it has a place to restore. */
  for (const act of ["keydown", "pointerdown"]) {
    addEventListener(act, () => (history.scrollRestoration = "auto"), { once: true });
  }

  clear();
  start();
  setInterval(endIdle, LOOK_EVERY_MS);
})();
