// One entry, explained: its reason, its proof, what became of it, objections.
import { $, make, focus } from './dom.js';
import { state } from './state.js';
import { get } from './api.js';
import { t, pick, when, minute, pointsOf, better, isReversal, isGone, nameOf } from './say.js';
import { kinds, fields, values } from './feedwords.js';
import { objecting } from './objections.js';

let back = ''; // what had the focus before the dialog
$('close').addEventListener('click', () => $('detail').close());
$('detail').addEventListener('close', () => focus(back));

// explain shows an entry; changed is called after an objection to it changed.
export async function explain(id, changed) {
  let told;
  try { told = await get('/v1/entries/' + encodeURIComponent(id)); } catch (problem) { told = { entry: {}, refused: problem.message }; }
  const done = async () => { await changed(); await explain(id, changed); };
  $('detailBody').replaceChildren(...(told.refused ? [make('p', { class: 'bad', role: 'alert' }, told.refused)] : parts(told, done)));
  if ($('detail').open) return;
  back = document.activeElement.dataset.key || '';
  $('detail').showModal();
}

function parts(told, done) {
  const e = told.entry, history = told.history || [];
  const facts = [['rule', `${pick(e.label)} (${e.rule})`], ['clause', e.clause], ['version', e.rulebookVersion], ['basis', t(e.basis) || e.basis],
    ['ticket', e.ticket], ['happened', when(e.occurredAt, e.unit)], ['posted', when(e.postedAt, e.unit)]].filter(f => f[1]);
  return [
    make('h2', { id: 'detailTitle' }, `${nameOf(e.unit)} `, make('span', { class: better(e) ? 'plus' : 'minus' }, pointsOf(e))), make('p', {}, told.explanation),
    objecting(told, { done }),
    history.length > 1 ? [make('h3', {}, t('history')), make('div', { class: 'wide' }, past(history, e))] : null,
    make('dl', {}, facts.flatMap(([name, value]) => [make('dt', {}, t(name)), make('dd', {}, value)])),
    make('h3', {}, t('proof')), make('ul', { class: 'timeline' }, (told.proof || []).map(event)),
  ].flat().filter(Boolean);
}

// past puts the postings and reversals of one fact beside each other, so that
// what was taken back is read with what came instead.
const past = (history, shown) => make('table', { class: 'history' },
  make('thead', {}, make('tr', {}, ['posted', 'points', 'state', 'reason'].map(key => make('th', { scope: 'col', class: key === 'points' ? 'n' : null }, t(key))))),
  make('tbody', {}, history.map((h, i) => make('tr', { class: (isGone(h) ? 'reversed' : '') + (h.id === shown.id ? ' open' : '') },
    make('td', {}, minute(h.postedAt, h.unit)), make('td', { class: 'n ' + (better(h) ? 'plus' : 'minus') }, pointsOf(h)),
    make('td', {}, make('span', { class: 'tag quiet' }, stateOf(h, history.slice(0, i), history.slice(i + 1)))), make('td', {}, pick(h.reason))))));

function stateOf(h, before, after) {
  if (isReversal(h)) return t('reversal');
  if (isGone(h)) return t('reversed') + (after.some(n => !isReversal(n)) ? ` · ${t('replacedBy')}` : '');
  return before.some(b => isGone(b)) ? t('replaces') : t('stands');
}

const spaced = name => name.replace(/[A-Z]/g, c => ' ' + c.toLowerCase());
// value writes what a field says: an instant, a word of the contract
// (TICKET_KIND_FAULT, after the name of its type), or as it is.
function value(raw, unit) {
  if (Array.isArray(raw)) return raw.map(one => value(one, unit)).join(', ');
  if (raw && typeof raw === 'object') return Object.values(raw).map(one => value(one, unit)).join(' ');
  const text = String(raw);
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return when(text, unit);
  const word = /^[A-Z]+_[A-Z_]+$/.test(text) ? Object.keys(values).filter(w => text.endsWith('_' + w)).sort((a, b) => b.length - a.length)[0] || text : text;
  return state.lang === 'zh' ? values[word] || word : word.replaceAll(/_/g, ' ').replace(/^[A-Z ]+$/, w => w.toLowerCase());
}
function event(e) {
  const kind = Object.keys(e).find(key => typeof e[key] === 'object') || '';
  const body = e[kind] || {};
  const said = Object.entries(body).map(([key, raw]) => `${state.lang === 'zh' ? fields[key] || key : spaced(key)}: ${value(raw, body.unit)}`).join(' · ');
  return make('li', {}, make('b', {}, when(e.occurredAt, body.unit) + ' '), (state.lang === 'zh' && kinds[kind]) || spaced(kind), make('div', { class: 'quiet' }, said), make('small', {}, `${e.source}/${e.id}`));
}
