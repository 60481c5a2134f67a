/* Sends files one by one, and shows how far files are read. Without this script the forms send everything at once, and the page
   is shown again by its link. Everything is built of nodes and text: the policy of the pages takes no markup from scripts. */
"use strict";
(() => {
  const AGAIN = 2000; // milliseconds between two looks
  const ALOUD = 15000; // milliseconds between two sentences that screen readers say

  function make(name, text, parent) {
    const node = document.createElement(name);
    if (text) node.textContent = text;
    if (parent) parent.append(node);
    return node;
  }

  /* How far files are read */
  const page = document.getElementById("upload");
  if (page && page.dataset.working === "yes") {
    const aloud = document.getElementById("aloud");
    let spoken = Date.now();

    const show = (file) => {
      const state = document.querySelector(`#state-${file.id} .state`);
      if (!state) return;
      state.textContent = file.state;
      state.className = `state state-${file.kind}`;
      const counted = document.getElementById(`counted-${file.id}`);
      counted.textContent = file.counted;
      const problems = document.getElementById(`problems-${file.id}`);
      if ([...problems.children].map((x) => x.textContent).join("\n") !== file.problems.join("\n")) {
        problems.replaceChildren(...file.problems.map((x) => make("li", x)));
        problems.hidden = !file.problems.length;
      }
      const form = problems.parentElement.querySelector("form");
      const asks = file.choose || file.again;
      if (form && !asks) form.remove();
      if (asks && !form && !counted.firstElementChild) {
        const link = make("a", file.choose ? page.dataset.choose : page.dataset.again);
        link.href = location.pathname;
        counted.replaceChildren(link);
      }
    };

    const look = async () => {
      let found;
      try {
        const answer = await fetch(page.dataset.state, { headers: { Accept: "application/json" }, redirect: "error" });
        if (!answer.ok) throw new Error("not now");
        found = await answer.json();
      } catch {
        document.getElementById("said").textContent = page.dataset.stopped;
        aloud.textContent = page.dataset.stopped;
        setTimeout(look, 10 * AGAIN);
        return;
      }
      const bar = document.getElementById("progress");
      bar.max = found.total;
      bar.value = found.done;
      bar.nextElementSibling.textContent = `${found.done} / ${found.total}`;
      document.getElementById("said").textContent = found.said;
      found.files.forEach(show);
      if (!found.working || Date.now() - spoken > ALOUD) {
        aloud.textContent = found.said;
        spoken = Date.now();
      }
      if (found.working) setTimeout(look, AGAIN);
    };
    setTimeout(look, AGAIN / 2);
  }

  /* Sending */
  const form = document.getElementById("sending");
  if (!form) return;
  const said = form.dataset;
  let going = false;
  addEventListener("beforeunload", (event) => {
    if (going) event.preventDefault();
  });

  function post(address, body, progress) {
    return new Promise((done, fail) => {
      const request = new XMLHttpRequest();
      request.open("POST", address);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      if (progress) request.upload.addEventListener("progress", (x) => x.lengthComputable && progress(x.loaded / x.total));
      request.addEventListener("load", () => {
        const answer = request.response;
        if (request.status === 201 && answer) done(answer);
        else fail((answer && answer.error) || "");
      });
      request.addEventListener("error", () => fail(""));
      request.addEventListener("abort", () => fail(""));
      request.send(body);
    });
  }

  async function send(row, number) {
    row.state.textContent = said.sending;
    const body = new FormData();
    body.append("files", row.file, row.file.name);
    try {
      await post(`/uploads/${number}/files`, body, (part) => { row.bar.value = part; });
      row.bar.value = 1;
      row.state.textContent = said.sent;
      row.ok = true;
    } catch (error) {
      row.bar.value = 0;
      row.state.textContent = error || said.failed;
    }
  }

  async function sendAll(list, number, wanted) {
    going = true;
    for (const row of wanted) {
      if (row.file.size > Number(said.largest)) row.state.textContent = said.tooLarge;
      else await send(row, number);
    }
    going = false;
    if (list.rows.every((row) => row.ok)) {
      location.assign(`/uploads/${number}`);
      return;
    }
    list.note.textContent = said.someFailed;
    list.go.href = `/uploads/${number}`;
    list.go.hidden = false;
    for (const row of list.rows) {
      if (row.ok || row.again || row.file.size > Number(said.largest)) continue;
      row.again = make("button", said.again.replace("{name}", row.file.name), row.line);
      row.again.type = "button";
      row.again.className = "quiet";
      row.again.addEventListener("click", async () => {
        if (going) return;
        row.again.remove();
        row.again = null;
        list.heading.focus();
        await sendAll(list, number, [row]);
      });
    }
  }

  function lay(files) {
    const list = { box: make("section"), rows: [] };
    list.heading = make("h3", said.heading, list.box);
    list.heading.tabIndex = -1;
    list.note = make("p", "", list.box);
    list.note.setAttribute("role", "status");
    const lines = make("ul", "", list.box);
    lines.className = "sending";
    files.forEach((file, place) => {
      const line = make("li", "", lines);
      const label = make("label", file.name, line);
      const bar = make("progress", "", line);
      bar.id = `sending-${place}`;
      label.htmlFor = bar.id;
      bar.max = 1;
      bar.value = 0;
      list.rows.push({ file, line, bar, state: make("span", said.waiting, line), ok: false, again: null });
    });
    list.go = make("a", said.goOn, make("p", "", list.box));
    list.go.hidden = true;
    return list;
  }

  form.addEventListener("submit", async (event) => {
    const input = form.querySelector("input[type=file]");
    const files = [...input.files];
    if (!files.length || files.length > Number(said.most)) return; // the server says what is wrong
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    let number = said.to;
    try {
      if (!number) {
        const fields = new FormData(form);
        fields.delete("files");
        number = (await post("/uploads", fields)).upload;
      }
    } catch (error) {
      button.disabled = false;
      form.querySelector(".alert")?.remove();
      const alert = make("div", error || said.cannot);
      alert.className = "alert alert-error";
      alert.setAttribute("role", "alert");
      form.prepend(alert);
      return;
    }
    const list = lay(files);
    form.after(list.box);
    form.hidden = true;
    list.heading.focus();
    await sendAll(list, number, list.rows);
  });
})();
