// What is typed in a form and not sent yet is kept on the server, sealed with the case: a moment after typing stops, and when the
// page is left. Nothing of it is kept in the browser. Without this script a button does the same.

const REST = 500; // milliseconds after the last letter
const AGAIN = 15_000; // milliseconds until it is tried again
const MOST_LEAVING = 60_000; // bytes that browsers send after a page is gone

/** The draft of one form. */
class Draft {
  private timer = 0;
  private waits = false;
  private sending: Promise<void> = Promise.resolve();
  private inFlight = 0;

  constructor(readonly form: HTMLFormElement) {
    const typed = (): void => {
      this.waits = true;
      this.later(REST);
    };
    form.addEventListener("input", typed);
    form.addEventListener("change", typed);
    if (form.dataset.unsaved === undefined) return;
    // Sent in vain, so it is nowhere but here. To load this page anew would send it again, and what is typed meanwhile would be
    // replaced by it: from here on the address is that of the page itself, which shows the draft.
    typed();
    history.replaceState(null, "", form.dataset.unsaved);
  }

  get busy(): boolean {
    return this.waits || this.inFlight > 0;
  }

  /** What is sent now needs no draft. */
  stop(): void {
    clearTimeout(this.timer);
    this.waits = false;
  }

  /** Save what waits; done once everything is through, or failed. */
  settle(leaving = false): Promise<void> {
    if (this.waits) {
      this.stop();
      this.inFlight += 1;
      const body = this.body();
      // When the page is going there is no time to wait for the one before.
      const before = leaving ? Promise.resolve() : this.sending;
      this.sending = before.then(() => this.send(body, leaving)).finally(() => (this.inFlight -= 1));
    }
    return this.sending;
  }

  private later(rest: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.settle(), rest);
  }

  private body(): URLSearchParams {
    const fields = new URLSearchParams([...new FormData(this.form)].map(([name, value]) => [name, String(value)]));
    fields.set("part", this.form.dataset.draft ?? "");
    return fields;
  }

  private async send(body: URLSearchParams, leaving: boolean): Promise<void> {
    const headers = { Accept: "application/json" };
    const keepalive = leaving && body.toString().length < MOST_LEAVING;
    const { to = "", failed = "" } = this.form.dataset;
    let said = failed;
    let again = false;
    try {
      const answer = await fetch(to, { method: "POST", body, headers, keepalive, redirect: "error" });
      again = answer.status >= 500 || answer.status === 429; // not now, which is no refusal of the draft
      if (answer.ok) ({ said } = (await answer.json()) as { said: string });
    } catch {
      again = true;
    }
    this.say(said);
    if (!again) return;
    this.waits = true;
    this.later(AGAIN);
  }

  private say(text: string): void {
    const line = document.getElementById(`draft-${this.form.dataset.draft}`);
    if (line && line.textContent !== text) line.textContent = text; // the same again is not said again
  }
}

const drafts = [...document.querySelectorAll<HTMLFormElement>("form[data-draft]")].map((form) => new Draft(form));
for (const button of document.querySelectorAll<HTMLElement>(".without-script")) button.hidden = true;

// A form that goes off waits for the drafts of the others, so that the next page shows them; its own is needed no more.
let going = false;
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  for (const draft of drafts) if (draft.form === form) draft.stop();
  const busy = drafts.filter((draft) => draft.busy);
  if (going || !busy.length) return;
  going = true;
  event.preventDefault();
  void Promise.allSettled(busy.map((draft) => draft.settle())).then(() => form.requestSubmit(event.submitter));
});

const leave = (): void => drafts.forEach((draft) => void draft.settle(true));
addEventListener("beforeunload", leave);
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") leave();
});
