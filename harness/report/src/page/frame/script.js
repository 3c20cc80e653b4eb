'use strict';
(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const make = (tag, properties, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };

  // A link into something folded unfolds it, also where the browser does not do so by itself.
  const unfold = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const to = id && document.getElementById(id);
    for (let at = to; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
    if (to) to.scrollIntoView();
  };
  addEventListener('hashchange', unfold);
  unfold();

  // All sections at once.
  const folds = all('details.fold');
  const nav = document.querySelector('nav');
  if (nav && folds.length) {
    const toggle = make('button', { type: 'button', className: 'all', textContent: 'Unfold all' });
    toggle.addEventListener('click', () => {
      const open = folds.some((fold) => !fold.open);
      for (const fold of folds) fold.open = open;
      toggle.textContent = open ? 'Fold all' : 'Unfold all';
    });
    nav.append(toggle);
  }

  // On paper nothing is folded.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = all('details.fold:not([open])');
    for (const fold of opened) fold.open = true;
  });
  addEventListener('afterprint', () => {
    for (const fold of opened) fold.open = false;
    opened = [];
  });

  // Tables are sorted by the column whose head is pressed: up, down, as they were.
  const number = (cell) => {
    const text = cell.textContent.replace(/[\u202f\u00a0,]/g, '').replace('\u2212', '-').trim();
    const found = /^[<>≤≥±+]?(-?\d+(?:\.\d+)?(?:e-?\d+)?)/.exec(text);
    return found ? Number(found[1]) : NaN;
  };
  const compare = (numeric, at) => (a, b) => {
    const [x, y] = [a.cells[at], b.cells[at]];
    if (!numeric) return x.textContent.localeCompare(y.textContent, 'en', { numeric: true });
    const [m, n] = [number(x), number(y)];
    // What has no number stays below, whichever way is sorted.
    if (Number.isNaN(m) || Number.isNaN(n)) return Number.isNaN(m) - Number.isNaN(n);
    return m - n;
  };
  for (const table of all('table')) {
    const body = table.tBodies[0];
    const rows = body ? [...body.rows] : [];
    if (rows.length < 3 || rows.some((row) => row.cells.length !== rows[0].cells.length)) continue;
    all('thead th', table).forEach((head, at) => {
      const button = make('button', { type: 'button', title: 'Sort by this column' }, ...head.childNodes);
      const arrow = make('span', { className: 'arrow' });
      arrow.setAttribute('aria-hidden', 'true');
      // Behind the name, before the unit below it.
      button.insertBefore(arrow, button.querySelector('small'));
      head.append(button);
      button.addEventListener('click', () => {
        const was = head.getAttribute('aria-sort');
        for (const other of all('thead th', table)) other.removeAttribute('aria-sort');
        const numeric = head.classList.contains('n');
        const first = numeric ? 'descending' : 'ascending';
        const second = numeric ? 'ascending' : 'descending';
        const next = was === first ? second : was === second ? null : first;
        if (!next) return body.append(...rows);
        head.setAttribute('aria-sort', next);
        const sorted = [...rows].sort(compare(numeric, at));
        if (next === 'descending') {
          const none = numeric ? sorted.filter((row) => Number.isNaN(number(row.cells[at]))) : [];
          return body.append(...sorted.filter((row) => !none.includes(row)).reverse(), ...none);
        }
        body.append(...sorted);
      });
    });
  }

  // Plots as large as the window.
  for (const plot of all('figure > svg, figure > .wide > svg')) {
    const button = make('button', { type: 'button', className: 'zoom', textContent: 'Enlarge' });
    const name = plot.querySelector('title');
    button.setAttribute('aria-label', 'Enlarge: ' + (name ? name.textContent : 'plot'));
    button.addEventListener('click', () => {
      const place = document.createComment('');
      plot.before(place);
      const close = make('button', { type: 'button', textContent: 'Close' });
      const box = make('dialog', { className: 'large' }, close, plot);
      box.setAttribute('aria-label', button.getAttribute('aria-label'));
      close.addEventListener('click', () => box.close());
      box.addEventListener('close', () => {
        place.replaceWith(plot);
        box.remove();
        button.focus();
      });
      document.body.append(box);
      box.showModal();
    });
    plot.after(button);
  }

  // Values under the pointer. A chart says which pixels stand for which values; its lines are where they are drawn.
  const scale = (text) => {
    const [from, to, low, high, kind, ...unit] = text.split(' ');
    const [a, b, v, w] = [from, to, low, high].map(Number);
    const [first, last] = kind === 'log' ? [Math.log(v), Math.log(w)] : [v, w];
    const value = (at) => {
      const x = first + ((at - a) / (b - a)) * (last - first);
      return kind === 'log' ? Math.exp(x) : x;
    };
    return { a, b, value, unit: unit.join(' ') };
  };
  const digits = (value) => {
    const size = Math.abs(value);
    const text = value.toFixed(size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
    return text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, '\u202f');
  };
  const abscissa = (axis, x) => {
    const value = axis.value(x);
    if (axis.unit !== 'percentile') return digits(value) + '\u202f' + axis.unit;
    return 'p' + String(+(100 * (1 - 1 / value)).toPrecision(5));
  };
  const tip = make('div', { className: 'tip', hidden: true });
  document.body.append(tip);
  // Where a line or the edge of an area is at x: between two of its points.
  const heights = (shape, x) => {
    const points = shape.getAttribute('points').split(' ').map((point) => point.split(',').map(Number));
    const found = [];
    points.forEach(([x1, y1], at) => {
      const [x2, y2] = points[at + 1] || points[at];
      if (x >= Math.min(x1, x2) && x <= Math.max(x1, x2)) {
        found.push(x1 === x2 ? y1 : y1 + ((x - x1) / (x2 - x1)) * (y2 - y1));
      }
    });
    return found;
  };
  const read = (chart, x) => {
    const [ax, ay] = [scale(chart.dataset.x), scale(chart.dataset.y)];
    const [top, low] = [Math.min(ay.a, ay.b) - 1, Math.max(ay.a, ay.b) + 1];
    const lines = [abscissa(ax, x)];
    for (const pair of chart.dataset.names.split('|')) {
      const [role, name] = pair.split('=');
      const shapes = all('polyline.l,polygon.f', chart.ownerSVGElement).filter((shape) => {
        const [, y] = shape.getAttribute('points').split(/[ ,]/, 2).map(Number);
        return shape.getAttribute('class').slice(2) === role && y >= top && y <= low;
      });
      const found = shapes.flatMap((shape) => {
        const all = heights(shape, x);
        if (!all.length) return [];
        const high = ay.value(Math.min(...all));
        // An area is worth what lies between its edges.
        return [shape.tagName === 'polygon' ? high - ay.value(Math.max(...all)) : high];
      });
      if (found.length) lines.push(name + ': ' + digits(Math.max(...found)) + (ay.unit ? '\u202f' + ay.unit : ''));
    }
    return lines;
  };
  for (const chart of all('rect.chart')) {
    const plot = chart.ownerSVGElement;
    chart.addEventListener('pointermove', (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM().inverse());
      tip.replaceChildren(...read(chart, at.x).map((line) => make('div', { textContent: line })));
      // A dialog covers all that is not in it.
      (plot.closest('dialog') || document.body).append(tip);
      tip.hidden = false;
      const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
      tip.style.left = Math.max(4, Math.min(event.clientX + 14, room)) + 'px';
      tip.style.top = Math.max(4, event.clientY - tip.offsetHeight - 10) + 'px';
    });
    chart.addEventListener('pointerleave', () => { tip.hidden = true; });
  }
})();
