// The life of the month: where it stands, what is missing, what waits, and what
// the viewer may do about it.
import { $, make, renew } from './dom.js';
import { state, may, sends } from './state.js';
import { get, post, ofMonth } from './api.js';
import { ask } from './ask.js';
import { t, pick, minute, lastDay, nameOf } from './say.js';
import { waiveButton } from './waive.js';
import { objectionBox, waits } from './objections.js';
import { restatementBox } from './restatement.js';

const states = ['MONTH_STATE_OPEN', 'MONTH_STATE_CLOSING', 'MONTH_STATE_CLOSED', 'MONTH_STATE_PUBLISHED'];
// matters is what was read of the month last; done is what was just decided.
const matters = { of: '', status: null, objections: [], restatements: [], refused: '', done: '' };

// readMonth reads how the month stands and what waits, as far as the viewer may.
export async function readMonth(open) {
  const month = state.month, unit = state.unit;
  const optional = (call, path) => may(call) ? get(path) : Promise.resolve({});
  try {
    const [status, objections, restatements] = await Promise.all([
      may('GetMonth') ? get(ofMonth('/status')) : Promise.resolve(null),
      optional('ListObjections', '/v1/objections?' + new URLSearchParams({ month, unit })),
      optional('ListRestatements', ofMonth('/restatements')),
    ]);
    if (month !== state.month || unit !== state.unit) return;
    Object.assign(matters, { status, objections: objections.objections || [], restatements: restatements.restatements || [], refused: '' });
  } catch (problem) {
    matters.refused = problem.message;
  }
  if (matters.of !== month) Object.assign(matters, { of: month, done: '' });
  drawMonth(open);
}

// forgetMonth drops what was read, for another month or viewer.
export const forgetMonth = () => Object.assign(matters, { of: '', status: null, objections: [], restatements: [], refused: '', done: '' });

// standing is the month's state: the earliest of the units that are shown.
const standing = () => (matters.status || {}).state || states[Math.min(...[...state.cards.values()].map(c => Math.max(0, states.indexOf(c.state))), 3)];

// drawMonth draws the panels of the month and of its objections.
export function drawMonth(open) {
  const s = matters.status, now = state.cards.size || s ? standing() : states[0];
  const reread = () => readMonth(open);
  renew($('life'), make('h2', { tabindex: '-1', 'data-key': 'life' }, `${t('life')} ${state.month}`, s && s.late ? make('span', { class: 'tag bad' }, t('late')) : null),
    steps(now), s ? dates(s) : null, matters.refused ? make('p', { class: 'bad', role: 'alert' }, matters.refused) : null,
    s ? buttons(s, now, reread) : null, s ? missing(s, now) : null, late(s, reread));
  $('said').textContent = matters.done;
  $('objections').hidden = !may('ListObjections');
  const waiting = matters.objections.filter(waits).length;
  renew($('objections'), make('h2', { tabindex: '-1', 'data-key': 'objections' }, t('objections') + ' ', waiting ? make('span', { class: 'tag warn' }, `${t('waits')} ${waiting}`) : null),
    matters.objections.length ? matters.objections.map(o => objectionBox(o, { open, done: reread, where: 'list' })) : make('p', { class: 'quiet' }, t('noObjections')));
}

const steps = now => make('ol', { class: 'steps' }, states.map(s => make('li', {
  class: states.indexOf(s) < states.indexOf(now) ? 'past' : s === now ? 'now' : null, 'aria-current': s === now ? 'step' : null,
}, t(s))));

function dates(s) {
  const card = (s.units || [])[0] || {};
  const said = [[t('endsAt'), minute(s.overAt)], [t('target'), lastDay(s.publishBy)],
    [t('closedAt'), card.closedAt && minute(card.closedAt) + (card.closedBy ? t('by') + card.closedBy : '')],
    [t('publishedAt'), card.publishedAt && minute(card.publishedAt) + (card.publishedBy ? t('by') + card.publishedBy : '')]].filter(f => f[1]);
  return make('dl', { class: 'dates' }, said.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))));
}

// buttons are the next steps that the viewer's role may take.
function buttons(s, now, reread) {
  const at = states.indexOf(now), open = (s.missing || []).length;
  const offered = [
    at === 0 && may('StartClosing') && ['startClosing', '/closing', false],
    at < 2 && may('CloseMonth') && ['closeMonth', '/closure', open > 0],
    at === 2 && may('PublishMonth') && ['publishMonth', '/publication', false],
  ].filter(Boolean);
  if (!offered.length) return null;
  if (Date.now() < Date.parse(s.overAt)) return make('p', { class: 'quiet' }, t('notOver'));
  return [make('p', { class: 'buttons' }, offered.map(([name, path, blocked]) => make('button', {
    type: 'button', class: name === 'startClosing' ? null : 'primary', disabled: blocked, 'data-key': name, onclick: () => decide(name, path, reread),
  }, t(name)))), offered.some(o => o[2]) ? make('p', { class: 'quiet' }, t('waiveFirst')) : null];
}

const decide = (name, path, reread) => ask({
  title: `${t(name)} ${state.month}`, note: t(name + 'Note'), confirm: t(name), after: 'life',
  act: async () => { await post(ofMonth(path), {}); matters.done = `${t('done')}${t(name)} ${state.month}`; await reread(); },
});

// missing lists what nobody has assessed, by unit.
function missing(s, now) {
  const items = s.missing || [], byUnit = new Map();
  for (const m of items) byUnit.set(m.unit, [...(byUnit.get(m.unit) || []), m]);
  if (!items.length) return states.indexOf(now) < 2 ? make('p', { class: 'quiet', tabindex: '-1', 'data-key': 'missing' }, t('nothingMissing')) : null;
  return make('div', { class: 'missing' }, make('h3', { tabindex: '-1', 'data-key': 'missing' }, `${t('missing')} `, make('small', {}, String(items.length))),
    [...byUnit].map(([unit, all]) => make('details', { 'data-key': 'missing/' + unit }, make('summary', {}, `${nameOf(unit)} `, make('small', {}, String(all.length))),
      make('ul', {}, all.map(m => make('li', {}, `${m.item} ${pick(m.label)} `, sends('itemWaived') ? waiveButton(unit, m.item, m.label, 'month') : null))))));
}
// late shows what came after the closing, with its effect for who may see it.
function late(s, reread) {
  const waiting = matters.restatements.filter(r => !state.unit || r.unit === state.unit);
  if (!waiting.length) return s && s.restatements && !may('ListRestatements') ? make('p', { class: 'warn' }, `${s.restatements} ${t('lateWait')}`) : null;
  return make('div', {}, make('h3', { tabindex: '-1', 'data-key': 'late' }, t('late_facts')), make('p', { class: 'quiet' }, t('lateNote')), waiting.map(r => restatementBox(r, reread)));
}
