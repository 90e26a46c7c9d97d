// Elements of the page.
export const $ = id => document.getElementById(id);

// make makes an element; attributes that are null or false are left out, those
// that begin with "on" are listeners.
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

// renew puts new content into an element. Who works with the keyboard keeps his
// place: what has the same data-key is focused again.
export function renew(element, ...children) {
  const key = element.contains(document.activeElement) && document.activeElement.dataset.key;
  const open = new Set([...element.querySelectorAll('details[data-key][open]')].map(d => d.dataset.key));
  element.replaceChildren(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  for (const details of element.querySelectorAll('details[data-key]')) if (open.has(details.dataset.key)) details.open = true;
  if (key) focus(key);
}

// focus focuses what has a key, and tells whether it is there.
export function focus(key) {
  const found = key && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (found) found.focus({ preventScroll: true });
  return !!found;
}
