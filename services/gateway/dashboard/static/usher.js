// What pages do beyond plain forms and links: live parts, times in the reader's zone, questions before what destroys,
// copying, and one notice at a time. Everything works without it, only less conveniently.
"use strict";

(() => {
  const soon = 400; // ms: news that come together are shown together
  const later = 5000; // ms: what failed is tried again
  const noticeFor = 6000; // ms
  const root = document.documentElement;

  const each = (selector, act, within = document) => {
    if (within.matches?.(selector)) act(within);
    within.querySelectorAll(selector).forEach(act);
  };

  // Times: `<time datetime>` in the reader's zone and language.
  const format = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" });
  const showTime = (time) => {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      time.title = time.dateTime;
      time.textContent = format.format(moment);
    }
  };

  // Notices: shown for a while, then out of the way.
  const notice = document.getElementById("notice");
  let hiding = 0;
  const say = (text) => {
    notice.textContent = text;
    notice.hidden = !text;
    clearTimeout(hiding);
    hiding = setTimeout(() => { notice.hidden = true; }, noticeFor);
  };

  // A menu that is folded on a phone is open where there is room for it.
  const menu = document.querySelector(".menu");
  const wide = matchMedia("(min-width: 60rem)");
  const unfold = () => { if (menu) menu.open = wide.matches; };
  wide.addEventListener("change", unfold);

  // What destroys asks first. A form is sent once, however often its button is pressed.
  const dialog = document.getElementById("confirm");
  const ask = (text) => new Promise((answer) => {
    document.getElementById("confirm-text").textContent = text;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      if (await ask(form.dataset.confirm)) {
        form.dataset.confirmed = "yes";
        form.requestSubmit(event.submitter);
      }
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => each("button", (button) => { button.disabled = true; }, form));
  });
  addEventListener("pageshow", () => each("form[data-sent]", (form) => {
    delete form.dataset.sent;
    delete form.dataset.confirmed;
    each("button", (button) => { button.disabled = false; }, form);
  }));

  // Copying: `<button data-copy="text">`, whose `data-copied` is what it says afterwards.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = button.closest(".copy")?.querySelector("input");
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch { // not allowed over plain http: select the text instead
      field?.select();
      document.execCommand("copy");
    }
    say(button.dataset.copied);
  });

  // Live parts: `<section id data-live="event run">` is read anew when the stream tells of such things, and
  // `data-every="3"` every so many seconds.
  // One after the other: of several that wait, htmx would keep the last only.
  const offline = document.getElementById("offline");
  const waiting = new Set();
  let reading = Promise.resolve();
  let hasFailed = false;
  let isLeaving = false;
  let stream = null;
  // Who walks through a live part by keyboard stays on the same link or button when it is shown anew.
  const focusable = "a[href], button, summary, input, select";
  const nameOf = (one) => `${one.getAttribute("href")} ${one.name} ${one.textContent}`;
  const placeOfFocus = (part) => {
    const at = [...part.querySelectorAll(focusable)].indexOf(document.activeElement);
    return at < 0 ? null : { at, name: nameOf(document.activeElement) };
  };
  const refocus = (id, { at, name }) => {
    const all = [...document.getElementById(id)?.querySelectorAll(focusable) ?? []];
    (all.find((one) => nameOf(one) === name) ?? all[Math.min(at, all.length - 1)])?.focus({ preventScroll: true });
  };
  const read = async (id) => {
    waiting.delete(id);
    const part = document.getElementById(id);
    if (!part) return;
    if (part.contains(document.activeElement) && part.querySelector("form")) { readAnew(part, later); return; }
    const target = `#${CSS.escape(id)}`;
    const focused = placeOfFocus(part);
    hasFailed = false;
    await htmx.ajax("GET", location.href, { target, select: target, swap: "outerHTML" }).catch(() => { hasFailed = true; });
    if (focused && document.activeElement === document.body) refocus(id, focused);
    if (hasFailed) readAnew(part, later);
    else if (stream?.readyState === EventSource.OPEN) offline.hidden = true;
  };
  const readAnew = (part, after = soon + Math.random() * soon) => {
    if (waiting.has(part.id) || document.hidden) return;
    waiting.add(part.id);
    setTimeout(() => { reading = reading.then(() => read(part.id)); }, after);
  };
  const readAllAnew = () => each("[data-live], [data-every]", (part) => readAnew(part));
  // Once more when the news end: the last may have come before the event log knew of it.
  const settling = {};
  const heard = (kind) => {
    const readThese = () => each(`[data-live~="${kind}"]`, (part) => readAnew(part));
    readThese();
    clearTimeout(settling[kind]);
    settling[kind] = setTimeout(readThese, later);
  };
  const connect = () => {
    stream = new EventSource(document.body.dataset.stream);
    stream.onopen = () => {
      if (!offline.hidden) readAllAnew(); // something may have been missed
      offline.hidden = true;
    };
    stream.onerror = () => {
      offline.hidden = false;
      if (stream.readyState === EventSource.CLOSED) setTimeout(connect, later);
    };
    stream.onmessage = () => heard("event");
    stream.addEventListener("run", () => heard("run"));
    addEventListener("pagehide", () => stream.close(), { once: true });
  };

  const begin = (within) => {
    each("time[datetime]", showTime, within);
    each("[data-every]", (part) => setTimeout(() => readAnew(part), Number(part.dataset.every) * 1000), within);
  };
  document.addEventListener("htmx:afterSettle", (event) => begin(event.detail.elt));
  // An answer that is no page of ours (an error) leaves what is there, and says so.
  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(name, () => { hasFailed = true; offline.hidden = false; });
  }
  // A session that has ended leads to the login page, which is no part of this one.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const wanted = new URL(detail.pathInfo.finalRequestPath, location.href);
    if (new URL(detail.xhr.responseURL).pathname === wanted.pathname) return;
    detail.shouldSwap = false;
    if (!isLeaving) location.reload();
    isLeaving = true;
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) readAllAnew(); });

  unfold();
  begin(document);
  if (!notice.hidden) say(notice.textContent);
  if (document.body.dataset.stream) connect();
})();
