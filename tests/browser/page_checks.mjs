// What is true of every good page. Each function runs inside the browser and
// answers a list of complaints.

/** Labels, headings, names of buttons and links. */
export function accessibility() {
  const complaints = [];
  const describe = (element) => element.outerHTML.slice(0, 120);
  const isHidden = (element) => element.closest('[hidden], input[type=hidden]') !== null;
  if (document.querySelectorAll('h1').length !== 1) complaints.push('not exactly one h1');
  if (!document.documentElement.lang) complaints.push('no language');
  if (!document.querySelector('main')) complaints.push('no main part');
  for (const field of document.querySelectorAll('input, select, textarea')) {
    if (isHidden(field)) continue;
    if (field.labels.length === 0) complaints.push(`no label: ${describe(field)}`);
  }
  for (const control of document.querySelectorAll('button, a[href], summary')) {
    if (!control.textContent.trim()) complaints.push(`no name: ${describe(control)}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  for (const id of ids) {
    if (ids.filter((other) => other === id).length > 1) complaints.push(`id twice: ${id}`);
  }
  for (const cell of document.querySelectorAll('thead th')) {
    if (!cell.hasAttribute('scope')) complaints.push(`no scope: ${describe(cell)}`);
  }
  return [...new Set(complaints)];
}

/** Text against its background, WCAG 2.2 level AA. */
export function contrast() {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, bottom) => ({
    r: top.r * top.a + bottom.r * (1 - top.a),
    g: top.g * top.a + bottom.g * (1 - top.a),
    b: top.b * top.a + bottom.b * (1 - top.a),
    a: 1,
  });
  const background = (element) => {
    const layers = [];
    for (let node = element; node; node = node.parentElement) {
      layers.push(parse(getComputedStyle(node).backgroundColor));
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), { r: 255, g: 255, b: 255, a: 1 });
  };
  const luminance = ({ r, g, b }) => {
    const linear = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const complaints = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    if (style.visibility === 'hidden' || style.clipPath !== 'none') continue;
    const behind = background(element);
    const color = over(parse(style.color), behind);
    const [light, dark] = [luminance(color), luminance(behind)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) {
      complaints.push(`${ratio.toFixed(2)}: ${walker.currentNode.textContent.trim().slice(0, 40)}`);
    }
  }
  return [...new Set(complaints)];
}

/** Nothing is wider than the window. */
export function overflow() {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll('body *')].filter(
    (element) =>
      element.getBoundingClientRect().right > width + 1 && !element.closest('.scroll, .nav ul'),
  );
  return wide.slice(0, 5).map((element) => `too wide: ${element.outerHTML.slice(0, 120)}`);
}
