// What came late about a closed month, with its exact effect, to be approved or
// refused.
import { make } from './dom.js';
import { state, may } from './state.js';
import { post, ofMonth } from './api.js';
import { ask } from './ask.js';
import { t, pick, when, nameOf, pointsOf, better, signed, number } from './say.js';
import { differences } from './sheet.js';

// restatementBox shows one unit's; done is called after it was decided.
export function restatementBox(r, done) {
  const lines = [...(r.vanish || []).map(e => ['vanish', e]), ...(r.appear || []).map(e => ['appear', e])];
  return make('article', { class: 'restatement' },
    make('h4', {}, `${nameOf(r.unit)} `, make('span', {}, `${r.total} → ${r.restatedTotal} `), make('small', {}, signed(number(r.restatedTotal) - number(r.total)))),
    make('ul', {}, lines.map(([what, e]) => make('li', {}, make('span', { class: 'tag ' + (what === 'vanish' ? 'quiet' : 'warn') }, t(what)),
      make('b', { class: better(e) ? 'plus' : 'minus' }, pointsOf(e)), ` ${e.item || ''} ${pick(e.reason)} `, make('small', {}, when(e.occurredAt, e.unit))))),
    effect(r),
    may('DecideRestatement') ? make('p', { class: 'buttons' }, ['refuse', 'approve'].map(verdict => make('button', {
      type: 'button', class: verdict === 'approve' ? 'primary' : null, 'data-key': `${verdict}/${r.unit}`, onclick: () => decide(r, verdict, done),
    }, t(verdict)))) : null);
}

function effect(r) {
  const card = state.cards.get(r.unit);
  const changes = card && r.restated ? differences(card, r.restated) : [];
  if (!changes.length) return null;
  return make('table', {}, make('caption', {}, t('effect')),
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, t('item')), make('th', { class: 'n', scope: 'col' }, t('now')), make('th', { class: 'n', scope: 'col' }, t('then')), make('th', {}, ''))),
    make('tbody', {}, changes.map(([label, was, is, by]) => make('tr', {}, make('td', {}, label), make('td', { class: 'n' }, was), make('td', { class: 'n' }, is), make('td', { class: 'n quiet' }, by)))));
}

const decide = (r, verdict, done) => ask({
  title: `${t(verdict)} · ${nameOf(r.unit)} ${r.month}: ${r.total} → ${r.restatedTotal}`, note: t(verdict + 'Note'), confirm: t(verdict), after: 'life',
  fields: [{ name: 'reason', label: t('reason'), required: true }],
  act: async ({ reason }) => { await post(ofMonth('/restatements'), { unit: r.unit, approved: verdict === 'approve', reason }); await done(); },
});
