// The sheet 测评表 of one unit: as it stands, as it was closed, or a correction.
import { $, make, renew } from './dom.js';
import { state, sends } from './state.js';
import { get, ofMonth } from './api.js';
import { t, pick, number, minute, signed } from './say.js';
import { waiveButton } from './waive.js';
import { reportButtons } from './report.js';

const kept = { of: '', sheets: [] };

// drawSheet draws the open unit's sheet; a closed month's others are read first.
export function drawSheet() {
  const card = state.cards.get(state.open);
  $('sheet').hidden = !card;
  if (!card) return;
  if (isClosed(card)) readOthers(card);
  const others = isClosed(card) && kept.of === nameOfKept(card) ? kept.sheets : [];
  const shown = others.find(s => String(s.correction || 0) === state.version) || card;
  const version = others.length ? String(shown.correction || 0) : '';
  renew($('sheet'), heading(shown), reportButtons(card.unit, version, drawSheet), others.length ? versions(others, card) : null, signatures(shown),
    (shown.warnings || []).map(w => make('p', { class: 'warn' }, '⚠ ' + pick(w))),
    hasProvisional(shown) ? make('p', { class: 'warn' }, t('provisionalNote')) : null,
    make('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': t('sheet') }, table(shown)));
}

const isClosed = card => ['MONTH_STATE_CLOSED', 'MONTH_STATE_PUBLISHED'].includes(card.state);
export const provisionals = card => (card.parts || []).flatMap(p => p.items || []).filter(i => i.provisional).length;
const hasProvisional = card => provisionals(card) > 0;
const nameOfKept = card => [card.unit, card.month, card.state, card.correction || 0, card.sequence].join('/');

// readOthers reads the sheets of a closed month once, and again when it changes.
async function readOthers(card) {
  const name = nameOfKept(card);
  if (kept.of === name) return;
  Object.assign(kept, { of: name, sheets: [] });
  try {
    const answer = await get(ofMonth('/sheets?' + new URLSearchParams({ unit: card.unit })));
    if (kept.of !== name) return;
    kept.sheets = answer.sheets || [];
    drawSheet();
  } catch { kept.of = ''; /* the one in force is shown; asked again when it changes */ }
}

const heading = card => make('h2', {}, `${t('sheet')} · ${pick(card.name) || card.unit} · ${card.month} `, make('small', {}, `${t('version')} ${card.rulebookVersion || ''}`));

// versions lets the viewer choose among the sheets of a closed month.
function versions(sheets, card) {
  const label = s => number(s.correction) ? `${t('correction')} ${s.correction}` : t('asClosed');
  const choose = make('select', { id: 'version', 'data-key': 'version', onchange: e => { state.version = e.target.value; drawSheet(); } },
    sheets.map(s => make('option', { value: String(s.correction || 0) }, `${label(s)} · ${s.total}${number(s.correction) === number(card.correction) ? ` · ${t('inForce')}` : ''}`)));
  choose.value = sheets.some(s => String(s.correction || 0) === state.version) ? state.version : String(card.correction || 0);
  return make('p', {}, make('label', { for: 'version' }, t('sheetVersion') + ' '), choose);
}

// signatures says who closed and published a sheet, and why it was corrected.
function signatures(card) {
  const said = [[card.closedAt, card.closedBy, 'closedAt'], [card.publishedAt, card.publishedBy, 'publishedAt']]
    .filter(([at]) => at).map(([at, by, key]) => `${t(key)} ${minute(at, card.unit)}${by ? t('by') + by : ''}`);
  if (card.correctionReason) said.push(`${t('correction')} ${card.correction}: ${pick(card.correctionReason)}`);
  return said.length ? make('p', { class: 'quiet' }, said.join(' · ')) : null;
}

function table(card) {
  const head = make('thead', {}, make('tr', {}, make('th', { colspan: '2', scope: 'col' }, t('item')),
    ['max', 'deducted', 'got'].map(key => make('th', { class: 'n', scope: 'col' }, t(key)))));
  return make('table', {}, head, (card.parts || []).map(p => make('tbody', {}, part(card, p))), make('tfoot', {}, total(card)));
}

function part(card, p) {
  const items = p.items || [], rows = [];
  let at = 0;
  for (const s of p.sections || []) {
    rows.push(section(s), ...items.slice(at, at + (s.items || 0)).map(i => item(card, i, s)));
    at += s.items || 0;
  }
  rows.push(...items.slice(at).map(i => item(card, i)));
  const beside = [['carried', p.carried, '−'], ['penalties', p.penalties, '−'], ['bonuses', p.bonuses, '+']].filter(([, value]) => number(value));
  if (beside.length) rows.push(sum(t('itemsTotal'), p.itemsTotal), ...beside.map(([key, value, sign]) => sum(t(key), sign + value.replace('-', ''), key === 'bonuses' ? 'plus' : 'minus')));
  return [make('tr', { class: 'part' }, make('th', { colspan: '4', scope: 'rowgroup' }, pick(p.label), make('small', {}, ` ${t('weight')} ${p.weight}%`),
    p.zeroed ? make('span', { class: 'tag bad' }, t('zeroedPart')) : null), make('td', { class: 'n' }, p.score)), ...rows];
}

function section(s) {
  const scaled = !s.zeroed && s.score !== s.itemsTotal;
  return make('tr', { class: 'section' }, make('th', { colspan: '2', scope: 'row' }, pick(s.label),
    s.zeroed ? make('span', { class: 'tag bad' }, t('zeroed')) : null,
    scaled ? make('small', {}, ` ${t('scaled')}${t('sum')} ${s.itemsTotal} → ${s.score}`) : null),
  make('td', { class: 'n' }, s.max), make('td', {}), make('td', { class: 'n' }, s.score));
}

function item(card, i, section) {
  const tags = [i.zeroed && !(section || {}).zeroed && ['zeroed', 'bad'], i.provisional && ['provisional', 'warn'], i.waived && ['waived', 'quiet']].filter(Boolean);
  return make('tr', { class: i.zeroed || number(i.deducted) > 0 ? 'worn' : null },
    make('td', { class: 'quiet code' }, i.item),
    make('td', {}, pick(i.label) + ' ', tags.map(([key, look]) => make('span', { class: 'tag ' + look }, t(key))),
      i.provisional && sends('itemWaived') && !isClosed(card) ? waiveButton(card.unit, i.item, i.label, 'sheet') : null),
    make('td', { class: 'n' }, i.max),
    make('td', { class: 'n' }, number(i.deducted) ? '−' + i.deducted : '', number(i.overflow) ? make('small', {}, ` (${t('overflow')}${i.overflow})`) : null),
    make('td', { class: 'n' }, i.score));
}

const sum = (label, value, look) => make('tr', { class: 'sum' }, make('td', { colspan: '4' }, label), make('td', { class: 'n ' + (look || '') }, value));

// total shows how the parts make the unit's score.
const total = card => make('tr', { class: 'all' }, make('th', { colspan: '4', scope: 'row' }, t('total') + ' ',
  make('small', {}, (card.parts || []).map(p => `${p.score} × ${p.weight}%`).join(' + '))), make('td', { class: 'n' }, card.total));

// differences tells what changes between two sheets of a unit, line by line.
export function differences(before, after) {
  const found = [];
  for (const p of after.parts || []) {
    const was = (before.parts || []).find(o => o.part === p.part) || {};
    for (const i of p.items || []) found.push([`${i.item} ${pick(i.label)}`, ((was.items || []).find(o => o.item === i.item) || {}).score, i.score]);
    for (const key of ['carried', 'penalties', 'bonuses']) found.push([`${pick(p.label)} · ${t(key)}`, was[key], p[key]]);
    found.push([`${pick(p.label)} · ${t('partScore')}`, was.score, p.score]);
  }
  found.push([t('total'), before.total, after.total]);
  return found.filter(([, was, is]) => number(was) !== number(is)).map(([label, was, is]) => [label, was || '0.00', is || '0.00', signed(number(is) - number(was))]);
}
