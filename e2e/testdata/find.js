// Evaluated in the page by the driver: finds what a person would point at.
// A selector is CSS, optionally followed by " >> words": the visible element that matches
// the CSS and whose text or accessible label contains the words; the innermost, first one.
(selector) => {
  const cut = selector.indexOf(" >> ");
  const css = cut < 0 ? selector : selector.slice(0, cut);
  const words = cut < 0 ? "" : selector.slice(cut + 4).trim();
  const norm = (s) => (s || "").replace(/\s+/g, " ").trim();
  const label = (el) => {
    const by = (el.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean)
      .map((id) => document.getElementById(id)?.textContent).join(" ");
    const own = el.labels ? Array.from(el.labels, (l) => l.textContent).join(" ") : "";
    return norm([el.getAttribute("aria-label"), by, own, el.title, el.placeholder, el.value]
      .filter((s) => typeof s === "string").join(" "));
  };
  const visible = (el) => el.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && el.getClientRects().length > 0;
  const all = Array.from(document.querySelectorAll(css));
  const hits = all.filter((el) => visible(el) &&
    (!words || norm(el.textContent).includes(words) || label(el).includes(words)));
  const exact = hits.filter((el) => norm(el.textContent) === words || label(el) === words);
  const from = words && exact.length ? exact : hits;
  const el = from.find((a) => !from.some((b) => b !== a && a.contains(b))) || from[0];
  return { el, matched: all.length, visible: hits.length };
}
