"use strict";
// The review page: choosing words in the text by mouse or keyboard, and shortcuts inside the list of signs. Everything works
// without this script; it fills in the form that is there. Offsets count Unicode code points, as everywhere in Tegn.
const text = document.getElementById("text");
const form = document.getElementById("mark");
const points = (value) => [...value].length;
/** The piece of the text that a node stands in, and how many code points of it stand before the node's offset. */
function placeOf(root, node, offset) {
    const element = node instanceof HTMLElement ? node : node.parentElement;
    const piece = element?.closest("[data-start]");
    if (piece && root.contains(piece) && node.nodeType === Node.TEXT_NODE) {
        return Number(piece.dataset.start) + points((node.nodeValue ?? "").slice(0, offset));
    }
    // Between pieces or on a number: the nearest piece before the place.
    let last = null;
    for (const one of root.querySelectorAll("[data-start]")) {
        const range = document.createRange();
        range.setStart(root, 0);
        range.setEnd(node, offset);
        if (range.comparePoint(one, 0) > 0)
            break;
        const whole = one.textContent ?? "";
        last = Number(one.dataset.start) + (range.comparePoint(one, one.childNodes.length) <= 0 ? points(whole) : 0);
    }
    return last;
}
/** The text as received: what the pieces hold, without the numbers between them. */
function received(root) {
    const pieces = [...root.querySelectorAll("[data-start]")];
    return [...pieces.map((piece) => piece.textContent ?? "").join("")];
}
/** The places that the form holds already. */
function given(spans) {
    return spans ? JSON.parse(spans).map(([start, end]) => ({ start, end })) : [];
}
function start(root, form) {
    const letters = received(root);
    const spans = form.elements.namedItem("spans");
    const words = form.elements.namedItem("words");
    const code = form.elements.namedItem("code");
    const state = form.elements.namedItem("state");
    const said = document.getElementById("said");
    const pick = document.getElementById("pick");
    let chosen = given(spans.value);
    for (const element of document.querySelectorAll(".with-script"))
        element.hidden = false;
    // On a wide screen there is room for the form; on a narrow one it is folded, and opens once something is chosen.
    const fold = document.getElementById("mark-fold");
    if (matchMedia("(min-width: 62rem)").matches)
        fold.open = true;
    const quote = (range) => letters.slice(range.start, range.end).join("");
    function tidy(range) {
        let { start, end } = range;
        while (start < end && /\s/u.test(letters[start]))
            start += 1;
        while (end > start && /\s/u.test(letters[end - 1]))
            end -= 1;
        return start < end ? { start, end } : null;
    }
    function choose(range) {
        const clean = tidy(range);
        if (!clean)
            return;
        fold.open = true;
        chosen = chosen.filter((one) => one.end <= clean.start || one.start >= clean.end);
        chosen.push(clean);
        chosen.sort((a, b) => a.start - b.start);
        spans.value = JSON.stringify(chosen.map((one) => [one.start, one.end]));
        words.value = chosen.map(quote).join("\n");
        said.textContent = (form.dataset.picked ?? "").replace("{words}", chosen.map((one) => `»${quote(one)}«`).join(", "));
        form.dispatchEvent(new Event("change")); // as if it were typed: it is kept as a draft
    }
    // What is typed by hand is other words than those that were chosen.
    words.addEventListener("input", () => {
        chosen = [];
        spans.value = "";
    });
    const takeSelection = () => {
        const selection = document.getSelection();
        if (!selection || selection.isCollapsed || selection.rangeCount === 0)
            return;
        const range = selection.getRangeAt(0);
        const start = placeOf(root, range.startContainer, range.startOffset);
        const end = placeOf(root, range.endContainer, range.endOffset);
        if (start !== null && end !== null && start < end)
            choose({ start, end });
    };
    root.addEventListener("mouseup", takeSelection);
    root.addEventListener("touchend", takeSelection);
    /** A word without the punctuation around it; what is nothing else is left as it is. */
    function bare(word) {
        let { start, end } = word;
        while (end > start && /[\p{Pe}\p{Pf}\p{Pi}.,;:!?…"'”]/u.test(letters[end - 1]))
            end -= 1;
        while (start < end && /[\p{Ps}\p{Pf}\p{Pi}"'”]/u.test(letters[start]))
            start += 1;
        return start < end ? { start, end } : word;
    }
    // By keyboard: a cursor that goes word by word.
    const wordsOfText = [];
    for (let i = 0; i < letters.length;) {
        if (/\s/u.test(letters[i])) {
            i += 1;
            continue;
        }
        const from = i;
        while (i < letters.length && !/\s/u.test(letters[i]))
            i += 1;
        wordsOfText.push(bare({ start: from, end: i }));
    }
    let from = -1;
    let to = -1;
    /** Show the words between `from` and `to` as the browser's own selection, and say them. */
    function reveal() {
        const range = { start: wordsOfText[Math.min(from, to)].start, end: wordsOfText[Math.max(from, to)].end };
        const selection = document.getSelection();
        const first = nodeAt(range.start);
        const last = nodeAt(range.end - 1);
        if (selection && first && last) {
            selection.setBaseAndExtent(first.node, first.before, last.node, last.before + last.width);
            first.node.parentElement?.scrollIntoView({ block: "nearest" });
        }
        said.textContent = quote(range);
    }
    /** The text node of a code point, and its offset there in UTF-16. */
    function nodeAt(place) {
        for (const piece of root.querySelectorAll("[data-start]")) {
            const node = piece.firstChild;
            const begin = Number(piece.dataset.start);
            if (!(node instanceof Text))
                continue;
            const inside = [...node.data];
            if (place >= begin && place < begin + inside.length) {
                const before = inside.slice(0, place - begin).join("").length;
                return { node, before, width: inside[place - begin].length };
            }
        }
        return null;
    }
    pick.addEventListener("click", () => {
        if (!wordsOfText.length)
            return;
        const link = document.querySelector(`article.item [data-mark="${CSS.escape(code.value)}"]`);
        const known = chosen[0] ?? given(link?.dataset.spans ?? "")[0];
        from = to = 0;
        if (known) {
            from = Math.max(0, wordsOfText.findIndex((word) => word.end > known.start));
            to = Math.max(from, wordsOfText.filter((word) => word.start < known.end).length - 1);
        }
        root.focus();
        reveal();
        said.textContent = `${form.dataset.picking ?? ""} ${said.textContent}`;
    });
    root.addEventListener("keydown", (event) => {
        if (to < 0)
            return;
        const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
        if (step) {
            to = Math.min(wordsOfText.length - 1, Math.max(0, to + step));
            if (!event.shiftKey)
                from = to;
            reveal();
        }
        else if (event.key === "Enter") {
            choose({ start: wordsOfText[Math.min(from, to)].start, end: wordsOfText[Math.max(from, to)].end });
            from = to = -1;
            (!code.value ? code : !state.value ? state : words).focus();
        }
        else if (event.key === "Escape") {
            from = to = -1;
            said.textContent = "";
            pick.focus();
        }
        else
            return;
        event.preventDefault();
    });
    // "Correct words" and "Mark" fill in the form here instead of loading the page anew. The words are filled in; the reader still
    // has to choose what the text says of them: nothing is chosen beforehand.
    for (const link of document.querySelectorAll("a[data-mark]")) {
        link.addEventListener("click", (event) => {
            event.preventDefault();
            code.value = link.dataset.mark ?? "";
            fold.open = true;
            form.scrollIntoView({ block: "nearest" });
            const named = link.dataset.from !== undefined;
            const places = named ? [{ start: Number(link.dataset.from), end: Number(link.dataset.to) }] : given(link.dataset.spans ?? "");
            if (places.length) {
                chosen = [];
                state.value = "";
                places.forEach(choose);
                said.textContent += ` ${form.dataset.ask ?? ""}`;
            }
            (named ? state : pick).focus();
        });
    }
    // These shortcuts work only while the focus is inside the list of signs (WCAG 2.1.4), and never while something is typed.
    const items = [...document.querySelectorAll("article.item")];
    for (const item of items)
        item.tabIndex = 0;
    document.addEventListener("keydown", (event) => {
        const target = event.target;
        if (!target.closest(".items") || event.ctrlKey || event.altKey || event.metaKey)
            return;
        if (target.matches("select, input, textarea"))
            return;
        const item = target.closest("article.item");
        const here = item ? items.indexOf(item) : -1; // on the list itself, the next is the first
        const key = event.key.toLowerCase();
        if (key === "j" || key === "k")
            items[here + (key === "j" ? 1 : -1)]?.focus();
        else {
            const button = /^[arw]$/.test(key) ? item?.querySelector(`[data-key=${key}]`) : null;
            if (!button)
                return;
            if (key === "r")
                button.focus();
            else
                button.click();
        }
        event.preventDefault();
    });
    // U undoes wherever the focus is, except in a field. Whoever speaks to their computer can turn that off (WCAG 2.1.4); the browser
    // remembers it, and it is all that the browser remembers.
    const anywhere = document.getElementById("anywhere");
    anywhere.checked = localStorage.getItem("tegn-u") !== "list";
    anywhere.addEventListener("change", () => localStorage.setItem("tegn-u", anywhere.checked ? "page" : "list"));
    const announced = document.getElementById("announced");
    const announce = (message) => {
        announced.textContent = "";
        setTimeout(() => (announced.textContent = message), 100); // a change is what screen readers say
    };
    if (announced.textContent)
        announce(announced.textContent);
    document.addEventListener("keydown", (event) => {
        const target = event.target;
        if (event.key.toLowerCase() !== "u" || event.ctrlKey || event.altKey || event.metaKey || event.repeat)
            return;
        if (target.matches("select, input, textarea") || target.isContentEditable)
            return;
        if (!anywhere.checked && !target.closest("article.item"))
            return;
        event.preventDefault();
        const button = document.querySelector("[data-key=u]");
        if (button)
            button.click();
        else
            announce(announced.dataset.none ?? "");
    });
}
if (text && form instanceof HTMLFormElement)
    start(text, form);
