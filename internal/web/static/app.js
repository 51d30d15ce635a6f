// Conveniences for password fields. Nothing depends on them: without this script every form works the same.
"use strict";

const texts = document.body.dataset;

for (const field of document.querySelectorAll("input[type=password]")) {
  addShow(field);
  addCaps(field);
}

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
