// The strength meter. The server judges, by the very policy that it holds the form against; nothing is decided here. Whatever it has not said of
// exactly what is typed now is shown as not known: an old verdict would be a wrong one. Without this script the form says the same after it is sent.
"use strict";

(() => {
  const afterKey = 50; // after the last key, until it is asked
  const tooSlow = 5000;
  const settled = 700; // after the last key, until it is read out: nobody wants to hear of each key
  const firstWait = 1000, longestWait = 30000; // between tries, while there is no answer

  for (const box of document.querySelectorAll("[data-strength]")) watch(box);

  function watch(box) {
    const field = document.getElementById(box.dataset.strength), texts = box.dataset;
    const word = box.querySelector(".strength-word"), why = box.querySelector(".strength-why");
    const spoken = document.getElementById(`${box.id}-spoken`);
    let asked; // the request that is under way, and with which body
    let shown = ""; // the body that the verdict on the page is about
    let timer, speaker, changedAt = 0, notBefore = 0, wait = firstWait, over = false;

    // What the server has to know: the password, and whose it will be. Half a letter, which a script may leave, becomes what a form would send.
    function body() {
      const known = { password: field.value };
      for (const name of ["email", "username", "name", "token"]) {
        const other = field.form.elements[name];
        if (other && other.value) known[name] = other.value;
      }
      for (const name in known) known[name] = new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(known[name]));
      return JSON.stringify(known);
    }

    function changed() {
      const now = field.value ? body() : "";
      if (now === (asked?.body ?? shown)) return; // a key that changes nothing
      forget();
      if (!now) return show("none");
      changedAt = performance.now();
      wait = firstWait;
      if (over) return unknown();
      show(performance.now() < notBefore ? "unknown" : "asking");
      askIn(afterKey);
    }

    // Drops what is under way and what was said.
    function forget() {
      asked?.abort.abort();
      asked = undefined;
      shown = "";
      clearTimeout(timer);
      clearTimeout(speaker);
      spoken.textContent = "";
    }

    function askIn(delay) {
      clearTimeout(timer);
      timer = setTimeout(ask, Math.max(delay, notBefore - performance.now()));
    }

    async function ask() {
      const mine = asked = { body: body(), abort: new AbortController() };
      const slow = setTimeout(() => mine.abort.abort(), tooSlow);
      let verdict, answer;
      try {
        answer = await fetch(texts.url, {
          method: "POST", body: mine.body, signal: mine.abort.signal, cache: "no-store", redirect: "error",
          headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
        });
        verdict = answer.ok ? read(await answer.json()) : undefined;
      } catch {
        verdict = undefined; // lost, too slow, or not JSON
      }
      clearTimeout(slow);
      if (asked !== mine) return; // there is a newer one
      asked = undefined;
      if (mine.body !== body()) return changed(); // a script has filled in something without saying so
      if (verdict) {
        wait = firstWait;
        shown = mine.body;
        return show("judged", verdict);
      }
      again(answer);
    }

    // No verdict: say so, and ask again when that is of use.
    function again(answer) {
      unknown();
      const status = answer?.status ?? 0;
      if (status === 429) {
        notBefore = performance.now() + Math.max(1, Number(answer.headers.get("Retry-After")) || 60) * 1000;
      } else if ([403, 404, 410].includes(status)) {
        over = true; // the link is used up, or the server has no meter: to ask with each key would count as guessing links
        return;
      } else if (status >= 400 && status < 500) {
        return; // this one cannot be asked; the next may
      }
      askIn(wait);
      wait = Math.min(wait * 2, longestWait);
    }

    function unknown() { show("unknown"); }

    function read(v) {
      const texts = [v.warning, v.guessed_in ?? "", ...v.suggestions];
      const whole = Number.isInteger(v.score) && v.score >= 0 && v.score <= 4 && typeof v.acceptable === "boolean";
      return whole && texts.every((t) => typeof t === "string") ? v : undefined;
    }

    function show(state, verdict) {
      box.dataset.state = state;
      for (const name of ["score", "level", "acceptable"]) delete box.dataset[name];
      word.textContent = why.textContent = "";
      if (state !== "judged") word.textContent = texts[state];
      if (verdict) {
        const good = verdict.acceptable, level = good ? verdict.score : Math.min(verdict.score, 2); // long is not long enough everywhere
        Object.assign(box.dataset, { score: verdict.score, level, acceptable: good });
        word.textContent = [verdict.score === level ? texts[`word${level}`] : texts.refused, verdict.guessed_in].filter(Boolean).join(" · ");
        why.textContent = [verdict.warning, ...verdict.suggestions].filter(Boolean).join(" ");
      }
      if (state === "judged" || state === "unknown") speak();
    }

    // Reads out what is said, once nothing has changed for a while.
    function speak() {
      clearTimeout(speaker);
      speaker = setTimeout(() => {
        const said = [word, why].map((e) => e.textContent).filter(Boolean).join(" ");
        if (spoken.textContent !== said) spoken.textContent = said;
      }, Math.max(0, changedAt + settled - performance.now()));
    }

    box.hidden = false;
    show("none");
    field.addEventListener("focus", () => box.classList.add("open")); // room for it, before there is anything to press below
    if (document.activeElement === field) box.classList.add("open");
    for (const event of ["input", "change"]) field.form.addEventListener(event, changed);
    field.form.addEventListener("reset", () => setTimeout(changed));
    addEventListener("pageshow", changed); // «back» may have kept what was typed
    addEventListener("online", () => { if (box.dataset.state === "unknown" && !over && !asked) askIn(0); });
  }
})();
