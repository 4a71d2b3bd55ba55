"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const remember = (key, value) => {
    try {
      if (value === undefined) return localStorage.getItem(key);
      localStorage.setItem(key, value);
    } catch { /* a page from a file may have no storage */ }
    return null;
  };

  // Theme: follow the system, light, dark.
  const themes = ["auto", "light", "dark"];
  const theme = document.getElementById("theme");
  const setTheme = (name) => {
    if (name === "auto") delete root.dataset.theme;
    else root.dataset.theme = name;
    theme.textContent = `Theme: ${name}`;
    theme.value = name;
  };
  theme.hidden = false;
  setTheme(themes.includes(remember("concbench-theme")) ? remember("concbench-theme") : "auto");
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(theme.value) + 1) % themes.length];
    setTheme(next);
    remember("concbench-theme", next);
  });

  // Highlight: one model in all charts and tables.
  const rule = document.head.appendChild(document.createElement("style"));
  const chooser = document.getElementById("highlight");
  const highlight = (model) => {
    rule.textContent = model === "" ? "" :
      `.chart [data-m]:not([data-m="${Number(model)}"]){opacity:.12}.ranking tr[data-m="${Number(model)}"]>*{outline:1px solid var(--accent);outline-offset:-1px}`;
    if (chooser) chooser.value = model;
    all(".name").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.model === model)));
    root.dataset.highlight = model;
  };
  if (chooser) chooser.addEventListener("change", () => highlight(chooser.value));
  all("tr[data-m] .label").forEach((label) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "name";
    button.dataset.model = label.closest("tr").dataset.m;
    button.title = "highlight in all charts";
    button.append(...label.childNodes);
    label.replaceWith(button);
    button.addEventListener("click", () => highlight(root.dataset.highlight === button.dataset.model ? "" : button.dataset.model));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { highlight(""); hide(); }
  });

  // Sorting: by the number or text that a cell carries.
  all("table[data-sortable]").forEach((table) => {
    const body = table.tBodies[0];
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        const key = (row) => row.cells[column].dataset.v ?? "";
        const rows = [...body.rows].sort((a, b) => {
          const [x, y] = [key(a), key(b)];
          if (x === "" || y === "") return (x === "") - (y === "");
          const order = Number.isNaN(Number(x)) || Number.isNaN(Number(y)) ? x.localeCompare(y) : x - y;
          return up ? order : -order;
        });
        body.append(...rows);
        all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
      });
    });
  });

  // Filter: by name and by family.
  const controls = document.getElementById("controls");
  if (controls) {
    controls.hidden = false;
    const search = document.getElementById("filter");
    const count = document.getElementById("count");
    const rows = all("#ranking-table tbody tr");
    const apply = () => {
      const text = search.value.trim().toLowerCase();
      const families = all("button[data-family][aria-pressed=true]", controls).map((b) => b.dataset.family);
      let shown = 0;
      rows.forEach((row) => {
        const named = row.dataset.name.includes(text) || row.dataset.also.includes(text);
        const fits = named && (families.length === 0 || families.includes(row.dataset.family));
        row.hidden = !fits;
        shown += fits;
      });
      count.textContent = `${shown} of ${rows.length} models`;
    };
    search.addEventListener("input", apply);
    all("button[data-family]", controls).forEach((button) => button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    }));
    apply();
  }

  // Tooltips: what the pointer finds, the arrow keys walk through.
  const tip = document.body.appendChild(document.createElement("div"));
  tip.id = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  const textOf = (mark) => {
    const title = mark.querySelector(":scope>title");
    if (title) { mark.dataset.tip = title.textContent; title.remove(); }
    return mark.dataset.tip;
  };
  const hide = () => { tip.hidden = true; all("[data-on]").forEach((mark) => delete mark.dataset.on); };
  const show = (mark) => {
    hide();
    const box = mark.getBoundingClientRect();
    tip.textContent = textOf(mark);
    tip.hidden = false;
    mark.dataset.on = "";
    const left = Math.min(Math.max(box.left + box.width / 2 - tip.offsetWidth / 2, 8), root.clientWidth - tip.offsetWidth - 8);
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${(above > 4 ? above : box.bottom + 6) + scrollY}px`;
  };
  all("svg.chart").forEach((chart) => {
    const marks = () => all("title", chart).map((title) => title.parentNode).filter((mark) => mark !== chart).concat(all("[data-tip]", chart));
    let order = null;
    let at = -1;
    chart.addEventListener("pointerover", (event) => {
      let mark = event.target;
      while (mark !== chart && !mark.dataset.tip && !mark.querySelector(":scope>title")) mark = mark.parentNode;
      if (mark === chart) hide(); else show(mark);
    });
    chart.addEventListener("pointerleave", hide);
    chart.addEventListener("blur", hide);
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      if (!order) {
        const found = new Set(marks());
        order = all("*", chart).filter((mark) => found.has(mark));
      }
      if (order.length === 0) return;
      at = (at + step + order.length) % order.length;
      show(order[at]);
    });
  });

  // Paper has no folds.
  addEventListener("beforeprint", () => all("details.fold").forEach((fold) => { fold.open = true; }));
})();
