// Keeps the inbox up to date: the server hints that something changed, the page
// is fetched again and its live parts are put in place of those that are shown.
// What somebody types or marks is left alone. Without this script, or while the
// server is out of reach, the page is as good as any other.
'use strict';

(() => {
  // Milliseconds between two looks, and until one that had to wait is tried again.
  const REST = 500;
  const LATER = 2_000;

  const region = (name, within) => within.querySelector(`[data-live="${name}"]`);
  const own = [...document.querySelectorAll('[data-live]')];
  const status = document.getElementById('live-status');
  if (own.length === 0 || !status || !window.EventSource) return;

  let source = null;
  let timer = null;
  let isAsking = false;
  let isStale = false;
  let last = 0;

  function say(text, isProblem) {
    status.textContent = text;
    status.classList.toggle('warn', isProblem);
  }

  // Somebody types in it, or marks something to copy it.
  function isInUse(part) {
    const active = document.activeElement;
    if (active && part.contains(active) && active.matches('input, select, textarea')) return true;
    const marked = document.getSelection();
    return marked !== null && !marked.isCollapsed && part.contains(marked.anchorNode);
  }

  function plan(wait) {
    isStale = true;
    if (timer === null) timer = setTimeout(look, wait);
  }

  function look() {
    timer = null;
    if (document.hidden || isAsking) return;
    if (own.some(isInUse)) {
      plan(LATER);
      return;
    }
    isAsking = true;
    isStale = false;
    // Parsed by the browser as a document of its own: nothing in it runs.
    const request = new XMLHttpRequest();
    request.open('GET', location.href);
    request.responseType = 'document';
    request.setRequestHeader('x-wangge-by-itself', '1');
    request.addEventListener('loadend', () => {
      isAsking = false;
      last = Date.now();
      const page = request.status === 200 ? request.response : null;
      if (!page || !region(own[0].dataset.live, page)) {
        over();
        return;
      }
      put(page);
      if (isStale) plan(REST);
    });
    request.send();
  }

  function put(page) {
    for (const part of own) {
      const fresh = region(part.dataset.live, page);
      if (!fresh || fresh.isEqualNode(part)) continue;
      const active = document.activeElement;
      const href = part.contains(active) ? active.getAttribute('href') : null;
      part.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
      // Whoever walks the list by keyboard stays where they were.
      const again = href && [...part.querySelectorAll('a')].find((a) => a.getAttribute('href') === href);
      if (again) again.focus({ preventScroll: true });
    }
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
    say(status.dataset.fresh.replace('{time}', time), false);
  }

  // Signed out, or no longer this page.
  function over() {
    close();
    say(status.dataset.over, true);
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  function listen() {
    if (source || document.hidden) return;
    source = new EventSource('/cases/live');
    source.addEventListener('cases', () => plan(Math.max(0, last + REST - Date.now())));
    source.addEventListener('error', () => {
      // The browser tries again by itself, unless it was refused for good.
      if (source && source.readyState === EventSource.CLOSED) over();
    });
  }

  // A page nobody looks at keeps no connection; it catches up when it is shown.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      close();
    } else {
      listen();
      plan(0);
    }
  });
  listen();
})();
