/* Buttons that copy what stands in an element. A browser that lets no page copy (as over http) shows none: the words can be marked. */
"use strict";
(() => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const from = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(from.textContent);
        button.textContent = button.dataset.copied;
      } catch {
        getSelection().selectAllChildren(from); // it was refused: one key copies what is marked
      }
    });
  }
})();
