// The work list 待办: what waits for a person, the oldest first, and the dialogs
// to decide about points and complaints. What the other panels decide is only
// named here.
import { $, make, renew } from './dom.js';
import { state, may } from './state.js';
import { get, post } from './api.js';
import { ask } from './ask.js';
import { t, pick, minute, lastDay, nameOf } from './say.js';

const most = 50; // that are shown
const asked = { items: [], total: 0, refused: '' };
const kindOf = w => w.kind.replace('WORK_KIND_', '');

// readWork reads what waits in all months, as far as the viewer may; open shows
// an entry.
export async function readWork(open) {
  const unit = state.unit;
  if (!may('ListWork')) return;
  try {
    const answer = await get('/v1/worklist?' + new URLSearchParams({ unit, page_size: most }));
    if (unit !== state.unit) return;
    Object.assign(asked, { items: answer.items || [], total: answer.total || 0, refused: '' });
  } catch (problem) {
    asked.refused = problem.message;
  }
  drawWork(open);
}

// drawWork draws the panel.
export function drawWork(open) {
  $('work').hidden = !may('ListWork');
  const more = asked.total - asked.items.length;
  renew($('work'), make('h2', { tabindex: '-1', 'data-key': 'work' }, t('work') + ' ', asked.total ? make('span', { class: 'tag warn' }, String(asked.total)) : null),
    asked.refused ? make('p', { class: 'bad', role: 'alert' }, asked.refused) : null,
    asked.items.length ? make('ol', { class: 'work' }, asked.items.map(w => line(w, open))) : make('p', { class: 'quiet' }, t('noWork')),
    more > 0 ? make('p', { class: 'quiet' }, `${t('more')} ${more}`) : null);
}

// line is one thing that waits.
function line(w, open) {
  return make('li', {},
    make('div', {}, make('span', { class: 'tag ' + (w.late ? 'bad' : 'quiet') }, t('WORK_' + kindOf(w))), ` ${w.unit ? nameOf(w.unit) : ''} ${w.month} `, make('b', {}, pick(w.text))),
    make('small', {}, [`${t('since')} ${minute(w.since, w.unit)}`, w.due ? `${t('due')} ${lastDay(w.due)}${w.late ? ' · ' + t('late') : ''}` : '', w.person].filter(Boolean).join(' · ')),
    buttons(w, open));
}

function buttons(w, open) {
  const offered = [
    w.entry ? make('button', { type: 'button', 'data-key': `work/${w.id}/entry`, onclick: () => open(w.entry) }, t('entryOf')) : null,
    decidable(w) ? make('button', { class: 'primary', type: 'button', 'data-key': 'work/' + w.id, onclick: () => decide(w, open) }, t('decide')) : null,
    mine(w) && questions[kindOf(w)] ? make('small', {}, t('ownProposal')) : null,
  ].filter(Boolean);
  return offered.length ? make('p', { class: 'buttons' }, offered) : null;
}

const mine = w => !!w.person && w.person === (state.me.name || state.me.id);
const decidable = w => may('DecidePoints') && questions[kindOf(w)] && !mine(w);

const reason = () => ({ name: 'reason', label: t('reason'), required: true });
const points = w => ({ name: 'points', label: t('pointsGranted'), note: t('zeroRefuses'), kind: 'points', required: true, value: w.points });
// questions are what is asked of who decides, by kind.
const questions = {
  THANKS: w => [points(w), reason()],
  POINTS: w => [points(w), reason()],
  MISCONDUCT: w => [{ name: 'item', label: t('itemOff'), required: true, options: ['CS1', 'CS2', 'CS3', 'CS4', 'CS5', 'CS6'].map(id => [id, itemName(w.unit, id)]) }, points(w), reason()],
  VALIDITY: () => [{ name: 'valid', label: t('outcome'), required: true, options: [['true', t('valid')], ['false', t('invalid')]] }, reason()],
};

function itemName(unit, id) {
  for (const part of (state.cards.get(unit) || {}).parts || []) for (const item of part.items || []) if (item.item === id) return `${id} ${pick(item.label)}`;
  return id;
}

const decide = (w, open) => ask({
  title: `${t('decide')} · ${w.unit ? nameOf(w.unit) : ''}`, about: make('p', {}, pick(w.text)), confirm: t('decide'), after: 'work',
  fields: questions[kindOf(w)](w),
  act: async ({ valid, ...given }) => {
    await post('/v1/decisions', { id: w.id, ...given, ...(valid ? { valid: valid === 'true' } : {}) });
    await readWork(open);
  },
});
