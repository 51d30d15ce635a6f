// Conveniences. Nothing depends on them: without this script every form works the same.
"use strict";

const texts = document.body.dataset;

for (const field of document.querySelectorAll("input[type=password]")) {
  addShow(field);
  addCaps(field);
}
for (const form of document.forms) sendOnce(form);
for (const button of document.querySelectorAll("[data-fill]")) offer(button);
for (const line of document.querySelectorAll("[data-wait]")) countDown(line);

// A button that shows what was typed. It is hidden again before it is sent, so that browsers keep it as a password.
function addShow(field) {
  const focused = field === document.activeElement || field.autofocus; // moving it takes the focus away
  const box = document.createElement("span");
  box.className = "secret";
  field.replaceWith(box);
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-controls", field.id);
  box.append(field, button);
  if (focused) field.focus();

  const set = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = shown ? texts.hide : texts.show;
    button.setAttribute("aria-label", shown ? texts.hideLabel : texts.showLabel);
  };
  button.addEventListener("click", () => {
    set(field.type === "password");
    field.focus();
  });
  field.form?.addEventListener("submit", () => set(false));
  set(false);
}

// A word when Caps Lock is on: the most usual reason for a right password that is wrong.
function addCaps(field) {
  const note = document.createElement("p");
  note.className = "caps";
  note.setAttribute("role", "status");
  field.parentElement.after(note);
  const look = (event) => {
    note.textContent = event.getModifierState?.("CapsLock") ? texts.caps : "";
  };
  field.addEventListener("keydown", look);
  field.addEventListener("keyup", look);
  field.addEventListener("blur", () => { note.textContent = ""; });
}

// What may have been meant, with one click.
function offer(button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.fill);
    field.value = button.dataset.with;
    button.hidden = true;
    field.focus();
  });
}

// A form is sent once, however often the button is pressed, and the button shows that something is going on. Who comes back by the browser's
// button, or stopped it, may send it again.
function sendOnce(form) {
  const button = form.querySelector("button:not([type=button])");
  const wait = (on) => {
    form.dataset.sent = on ? "yes" : "";
    button?.classList.toggle("busy", on);
  };
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    wait(true);
    setTimeout(wait, 10000, false);
  });
  window.addEventListener("pageshow", () => wait(false));
}

// How long until the next try. It goes by the clock and not by its own ticks, which stop while the page is in the background.
function countDown(line) {
  const end = Date.now() + line.dataset.wait * 1000;
  const over = line.parentElement.querySelector("[data-over]");
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left <= 0) {
      clearInterval(timer);
      line.hidden = true; // what comes in its place is as high
      over.textContent = over.dataset.over; // a status: it is read out
      return;
    }
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
    const clock = hours > 0 ? `${hours}:${two(minutes)}:${two(left % 60)}` : `${minutes}:${two(left % 60)}`;
    line.textContent = line.dataset.left.replace("{left}", clock);
  };
  const timer = setInterval(tick, 250);
  tick();
}
