// Draws what the server made as HTML (`markup.py`), and follows its links without a reload. Nothing here fetches anything.
(function () {
  const { createElement, useLayoutEffect, useRef } = window.React;
  const texts = (node, selector) => Array.from(node.querySelectorAll(selector), (one) => one.textContent);

  // The link that the keyboard followed: a page drawn anew gives the focus back to it, where it has it too.
  let came = null;

  // New HTML takes the place of the old; what had the focus, and what was unfolded, is found again by its text.
  function replace(node, html) {
    const active = node.contains(document.activeElement) ? document.activeElement : null;
    const focused = active && { tag: active.tagName, text: active.textContent, label: active.getAttribute("aria-label") };
    const open = texts(node, "details[open] > summary");
    node.innerHTML = html;
    const wanted = focused || (came && document.activeElement === document.body ? came : null);
    for (const summary of node.querySelectorAll("details > summary")) {
      if (open.includes(summary.textContent)) summary.parentElement.open = true;
    }
    if (!wanted) return;
    const alike = Array.from(node.querySelectorAll(wanted.tag));
    const found = alike.find((one) => (wanted.label ? one.getAttribute("aria-label") === wanted.label : one.textContent === wanted.text));
    if (!found) return;
    found.focus({ preventScroll: true });
    came = null;
  }

  function Markup(props) {
    const place = useRef(null);
    const shown = useRef(null);
    useLayoutEffect(() => {
      if (shown.current === props.html) return;
      shown.current = props.html;
      replace(place.current, props.html);
    });
    return createElement("div", { ref: place, className: "markup" });
  }
  window.clv_review = { Markup: Markup };

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element && event.target.closest("a[data-go]");
    if (!link) return;
    event.preventDefault();
    came = event.detail === 0 ? { tag: "A", text: link.textContent, label: link.getAttribute("aria-label") } : null;
    window.history.pushState({}, "", link.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate")); // what a link of Dash does
  });
})();
