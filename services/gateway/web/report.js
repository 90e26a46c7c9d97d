// What is handed in: the sheet of a unit, or of all with the ranking, as a
// workbook, as lines, and as a page to print.
import { make } from './dom.js';
import { state, may } from './state.js';
import { file, ofMonth } from './api.js';
import { t } from './say.js';

const kept = 60000; // ms in which the browser saves a file that was fetched
let failure = '';

// reportButtons offers the report of a unit, '' for all of them; correction says
// which sheet of a closed month, '' the one in force. Redraw shows what failed.
export function reportButtons(unit, correction, redraw) {
  if (!may('GetReport') || !unit && (state.me.units || []).length) return null;
  const query = '?' + new URLSearchParams({ lang: state.lang, ...(unit && { unit }), ...(correction !== '' && { correction }) });
  const button = (ending, word, take) => make('button', { class: 'small', type: 'button', 'data-key': `report/${unit}/${ending}`,
    onclick: async () => {
      failure = '';
      try { await take(ofMonth(`/report.${ending}${query}`)); } catch (problem) { failure = t('failed') + problem.message; }
      redraw();
    } }, word);
  return make('p', { class: 'buttons' }, t(unit ? 'sheet' : 'report') + ' ', button('xlsx', 'xlsx', save), button('csv', 'csv', save), button('html', t('printView'), show),
    failure ? make('span', { class: 'bad', role: 'alert' }, failure) : null);
}

// save saves a file: a link would not carry the viewer's token.
async function save(path) {
  const { blob, name } = await file(path);
  const link = make('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), kept);
}

// show opens a page to print. The window is opened first: what comes after a wait
// browsers take for an advertisement.
async function show(path) {
  const view = window.open('', '_blank');
  if (!view) return save(path);
  try {
    view.location.replace(URL.createObjectURL((await file(path)).blob));
  } catch (problem) { view.close(); throw problem; }
}
