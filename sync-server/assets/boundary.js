// Draws a grid's boundary: corners are added, moved and removed with a pointer or
// the keyboard, among the community's outline, the grids beside and the points of
// households. The text field with the corners is the truth; this draws what it
// says and writes what was drawn. Nothing is loaded from anywhere.
'use strict';

(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  // A degree of latitude, in metres; of longitude at the equator.
  const DEGREE = 111_195;
  // Pixels: handles, reach of a snap, least sizes for fingers.
  const CORNER = 7;
  const MIDDLE = 5;
  const SNAP = 10;
  const MOST_UNDO = 100;

  const panel = document.querySelector('.draw');
  const field = document.getElementById('corners');
  if (!panel || !field) return;
  const svg = panel.querySelector('svg');
  const status = panel.querySelector('.draw-status');
  const map = JSON.parse(panel.dataset.map);
  const fixed = [...map.around, ...map.beside.flatMap((grid) => grid.rings)];

  // Rings of the boundary: whether each is a hole, and its corners as degrees.
  let rings = read(field.value);
  let selected = null;
  let isAppending = rings.every((ring) => ring.corners.length < 3);
  const before = [];

  const known = [...fixed.flat(), ...map.points, ...rings.flatMap((ring) => ring.corners)];
  // Without anything around there is nothing to draw by; the text field has to do.
  if (known.length === 0) return;
  const origin = [mean(known.map((p) => p[0])), mean(known.map((p) => p[1]))];
  const east = DEGREE * Math.cos((origin[1] * Math.PI) / 180);

  let view = null;

  function mean(numbers) {
    return (Math.min(...numbers) + Math.max(...numbers)) / 2;
  }

  function read(text) {
    const found = [];
    let isNew = true;
    for (const line of text.split('\n').map((one) => one.trim())) {
      if (line === '') {
        isNew = true;
      } else if (line === '-') {
        found.push({ hole: true, corners: [] });
        isNew = false;
      } else {
        const [longitude, latitude] = line.split(/[\s,，]+/).map(Number);
        if (!Number.isFinite(longitude) || !Number.isFinite(latitude)) continue;
        if (isNew) found.push({ hole: false, corners: [] });
        isNew = false;
        found.at(-1).corners.push([longitude, latitude]);
      }
    }
    return found.length > 0 ? found : [{ hole: false, corners: [] }];
  }

  function write() {
    const lines = [];
    for (const [place, ring] of rings.entries()) {
      if (ring.hole) lines.push('-');
      else if (place > 0) lines.push('');
      for (const [longitude, latitude] of ring.corners) {
        lines.push(`${longitude.toFixed(7)}, ${latitude.toFixed(7)}`);
      }
    }
    field.value = lines.join('\n');
  }

  // Metres east and south of the middle, as the picture has them, and back.
  const flat = ([longitude, latitude]) => [
    (longitude - origin[0]) * east,
    (origin[1] - latitude) * DEGREE,
  ];
  const round = (degrees) => Math.round(degrees * 1e7) / 1e7;
  const degrees = ([x, y]) => [round(origin[0] + x / east), round(origin[1] - y / DEGREE)];

  function whole() {
    const places = known.map(flat);
    const [xs, ys] = [places.map((p) => p[0]), places.map((p) => p[1])];
    const left = Math.min(...xs);
    const top = Math.min(...ys);
    const margin = 0.06 * Math.max(Math.max(...xs) - left, Math.max(...ys) - top, 50);
    return {
      x: left - margin,
      y: top - margin,
      width: Math.max(...xs) - left + 2 * margin,
      height: Math.max(...ys) - top + 2 * margin,
    };
  }

  // Metres of a pixel, as large as the picture is shown.
  function pixel() {
    const box = svg.getBoundingClientRect();
    if (box.width === 0) return view.width / 600;
    return Math.max(view.width / box.width, view.height / Math.max(box.height, 1));
  }

  function element(name, attributes, parent = svg) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  }

  function line(corners) {
    const places = corners.map(flat).map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`);
    return places.length > 0 ? `M${places.join('L')}Z` : '';
  }

  function render() {
    const hadFocus = svg.contains(document.activeElement);
    svg.replaceChildren();
    svg.setAttribute('viewBox', `${view.x} ${view.y} ${view.width} ${view.height}`);
    const size = pixel();
    const thin = { 'stroke-width': size };
    for (const grid of map.beside) {
      element('path', { d: grid.rings.map(line).join(''), class: 'beside', ...thin });
    }
    if (map.around.length > 0) {
      element('path', { d: map.around.map(line).join(''), class: 'around', 'stroke-width': 2 * size });
    }
    for (const grid of map.beside) {
      const places = grid.rings[0].map(flat);
      const text = element('text', {
        x: mean(places.map((p) => p[0])),
        y: mean(places.map((p) => p[1])),
      });
      text.style.fontSize = `${13 * size}px`;
      text.textContent = grid.name;
    }
    element('path', {
      d: rings.map((ring) => line(ring.corners)).join(''),
      class: 'own',
      'stroke-width': 2.5 * size,
    });
    for (const point of map.points) {
      const [cx, cy] = flat(point);
      element('circle', { cx, cy, r: 2.5 * size, class: 'household' });
    }
    for (const [r, ring] of rings.entries()) middles(r, ring, size);
    for (const [r, ring] of rings.entries()) {
      for (const [c, corner] of ring.corners.entries()) handle(r, c, corner, size);
    }
    const focused = svg.querySelector('[tabindex="0"]');
    if (hadFocus && selected) focused?.focus({ preventScroll: true });
    tell();
  }

  // Between two corners, to make another one there.
  function middles(r, ring, size) {
    if (ring.corners.length < 2) return;
    for (const [c, corner] of ring.corners.entries()) {
      const [a, b] = [flat(corner), flat(ring.corners[(c + 1) % ring.corners.length])];
      if (Math.hypot(a[0] - b[0], a[1] - b[1]) < 5 * CORNER * size) continue;
      const made = element('circle', {
        cx: (a[0] + b[0]) / 2,
        cy: (a[1] + b[1]) / 2,
        r: MIDDLE * size,
        class: 'middle',
        'stroke-width': size,
      });
      made.addEventListener('pointerdown', (event) => {
        keep();
        insert(r, c);
        drag(event);
      });
    }
  }

  function handle(r, c, corner, size) {
    const [cx, cy] = flat(corner);
    const isSelected = selected !== null && selected.r === r && selected.c === c;
    const isFirst = selected === null && r === 0 && c === 0;
    const made = element('circle', {
      cx,
      cy,
      r: CORNER * size,
      class: isSelected ? 'corner selected' : 'corner',
      'stroke-width': 1.5 * size,
      role: 'button',
      tabindex: isSelected || isFirst ? 0 : -1,
      'aria-label': fill(panel.dataset.corner, { number: c + 1, place: text(corner) }),
    });
    made.addEventListener('pointerdown', (event) => {
      keep();
      selected = { r, c };
      drag(event);
    });
    made.addEventListener('focus', () => {
      if (selected && selected.r === r && selected.c === c) return;
      selected = { r, c };
      render();
    });
  }

  const text = ([longitude, latitude]) => `${longitude.toFixed(6)}, ${latitude.toFixed(6)}`;
  const fill = (pattern, values) =>
    Object.entries(values).reduce((all, [key, value]) => all.replace(`{${key}}`, value), pattern);

  function area() {
    let sum = 0;
    for (const ring of rings) {
      const places = ring.corners.map(flat);
      const double = places.reduce((all, [x, y], at) => {
        const [nextX, nextY] = places[(at + 1) % places.length];
        return all + x * nextY - nextX * y;
      }, 0);
      sum += (ring.hole ? -1 : 1) * Math.abs(double / 2);
    }
    return Math.max(sum, 0);
  }

  function tell() {
    const corner = selected && rings[selected.r]?.corners[selected.c];
    const where = corner
      ? fill(panel.dataset.corner, { number: selected.c + 1, place: text(corner) })
      : panel.dataset.none;
    status.textContent = `${where} · ${fill(panel.dataset.area, { area: Math.round(area()) })}`;
    const append = panel.querySelector('[data-do="append"]');
    append.setAttribute('aria-pressed', String(isAppending));
  }

  function keep() {
    before.push(JSON.stringify(rings));
    if (before.length > MOST_UNDO) before.shift();
  }

  function changed() {
    write();
    render();
  }

  function insert(r, c) {
    const corners = rings[r].corners;
    const [a, b] = [flat(corners[c]), flat(corners[(c + 1) % corners.length])];
    corners.splice(c + 1, 0, degrees([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]));
    selected = { r, c: c + 1 };
  }

  // The corner of a neighbour nearest to a place, and how far it is.
  function nearest(place) {
    let best = { corner: null, metres: Infinity };
    for (const corner of fixed.flat()) {
      const [x, y] = flat(corner);
      const metres = Math.hypot(x - place[0], y - place[1]);
      if (metres < best.metres) best = { corner, metres };
    }
    return best;
  }

  function placeOf(event) {
    const matrix = svg.getScreenCTM().inverse();
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [point.x, point.y];
  }

  // A corner on a neighbour's line is the same number in both, so near ones snap.
  function put(place) {
    const found = nearest(place);
    const corner = found.metres <= SNAP * pixel() ? [...found.corner] : degrees(place);
    rings[selected.r].corners[selected.c] = corner;
  }

  function drag(event) {
    event.preventDefault();
    event.stopPropagation();
    let hasMoved = false;
    const start = [event.clientX, event.clientY];
    const move = (moved) => {
      const far = Math.hypot(moved.clientX - start[0], moved.clientY - start[1]);
      if (!hasMoved && far < 3) return;
      hasMoved = true;
      put(placeOf(moved));
      changed();
    };
    const end = () => {
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', end);
      window.removeEventListener('pointercancel', end);
      changed();
      svg.querySelector('.selected')?.focus({ preventScroll: true });
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', end);
    window.addEventListener('pointercancel', end);
    render();
  }

  svg.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    if (isAppending) {
      keep();
      const r = selected ? selected.r : rings.length - 1;
      rings[r].corners.push([0, 0]);
      selected = { r, c: rings[r].corners.length - 1 };
      put(placeOf(event));
      changed();
      return;
    }
    let last = [event.clientX, event.clientY];
    const move = (moved) => {
      const size = pixel();
      view.x -= (moved.clientX - last[0]) * size;
      view.y -= (moved.clientY - last[1]) * size;
      last = [moved.clientX, moved.clientY];
      render();
    };
    const end = () => {
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', end);
    };
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', end);
  });

  function zoom(factor) {
    const corner = selected && rings[selected.r]?.corners[selected.c];
    const [x, y] = corner ? flat(corner) : [view.x + view.width / 2, view.y + view.height / 2];
    const [width, height] = [view.width * factor, view.height * factor];
    if (width < 5 || width > 1e6) return;
    view = { x: x - width / 2, y: y - height / 2, width, height };
    render();
  }

  function remove() {
    if (!selected) return;
    const { r, c } = selected;
    keep();
    rings[r].corners.splice(c, 1);
    if (rings[r].corners.length === 0 && rings.length > 1) {
      rings.splice(r, 1);
      selected = null;
    } else if (rings[r].corners.length === 0) {
      selected = null;
      isAppending = true;
    } else {
      selected = { r, c: Math.min(c, rings[r].corners.length - 1) };
    }
    changed();
  }

  function nudge(x, y) {
    const corner = rings[selected.r].corners[selected.c];
    const [oldX, oldY] = flat(corner);
    keep();
    rings[selected.r].corners[selected.c] = degrees([oldX + x, oldY + y]);
    changed();
  }

  function step(by) {
    const all = rings.flatMap((ring, r) => ring.corners.map((_, c) => ({ r, c })));
    const at = all.findIndex((one) => one.r === selected.r && one.c === selected.c);
    selected = all[(at + by + all.length) % all.length];
    render();
  }

  const commands = {
    in: () => zoom(1 / 1.5),
    out: () => zoom(1.5),
    fit: () => {
      view = whole();
      render();
    },
    add: () => {
      if (!selected || rings[selected.r].corners.length < 2) return;
      keep();
      insert(selected.r, selected.c);
      changed();
    },
    remove,
    snap: () => {
      const corner = selected && rings[selected.r].corners[selected.c];
      const found = corner ? nearest(flat(corner)).corner : null;
      if (!found) return;
      keep();
      rings[selected.r].corners[selected.c] = [...found];
      changed();
    },
    append: () => {
      isAppending = !isAppending;
      render();
    },
    undo: () => {
      if (before.length === 0) return;
      rings = JSON.parse(before.pop());
      if (selected && !rings[selected.r]?.corners[selected.c]) selected = null;
      changed();
    },
  };

  for (const button of panel.querySelectorAll('[data-do]')) {
    button.addEventListener('click', () => commands[button.dataset.do]());
  }

  svg.addEventListener('keydown', (event) => {
    if (!selected) return;
    const metres = event.shiftKey ? 10 : 1;
    const keys = {
      ArrowLeft: () => nudge(-metres, 0),
      ArrowRight: () => nudge(metres, 0),
      ArrowUp: () => nudge(0, -metres),
      ArrowDown: () => nudge(0, metres),
      PageDown: () => step(1),
      PageUp: () => step(-1),
      Insert: commands.add,
      '+': commands.add,
      Delete: remove,
      Backspace: remove,
      s: commands.snap,
    };
    const isUndo = (event.ctrlKey || event.metaKey) && event.key === 'z';
    const wanted = isUndo ? commands.undo : keys[event.key];
    if (!wanted || ((event.ctrlKey || event.metaKey) && !isUndo)) return;
    event.preventDefault();
    wanted();
  });

  field.addEventListener('input', () => {
    rings = read(field.value);
    selected = null;
    render();
  });
  window.addEventListener('resize', render);

  view = whole();
  panel.hidden = false;
  render();
})();
