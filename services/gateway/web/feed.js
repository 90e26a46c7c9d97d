// The latest entries of the ledger, as they come.
import { $, make, renew } from './dom.js';
import { state } from './state.js';
import { t, pick, when, pointsOf, better, isReversal, isGone, nameOf } from './say.js';

// drawFeed draws the latest entries, newest first; open is told which one is
// asked for.
export function drawFeed(open) {
  const entries = [...state.entries.values()].reverse();
  $('count').textContent = entries.length ? `${entries.length} ${t('entries')}` : '';
  renew($('entries'), entries.length ? entries.map(e => make('li', { class: e.fresh ? 'fresh' : null }, line(e, open))) : make('li', { class: 'quiet' }, t('noneYet')));
  announce(entries.filter(e => e.fresh));
  for (const entry of entries) entry.fresh = false;
}

// line is an entry as a button that opens it.
export function line(e, open) {
  const back = isReversal(e), gone = isGone(e);
  return make('button', { class: 'entry' + (gone ? ' reversed' : ''), type: 'button', 'data-key': 'entry/' + e.id, 'aria-haspopup': 'dialog', onclick: () => open(e.id) },
    make('span', { class: 'row' },
      make('span', { class: 'points ' + (better(e) ? 'plus' : 'minus') }, pointsOf(e)),
      make('span', { class: 'what' }, back || gone ? make('span', { class: 'tag quiet' }, t(back ? 'reversal' : 'reversed')) : null, make('b', {}, nameOf(e.unit)), ' ' + pick(e.reason)),
      make('span', { class: 'meta' }, [pick(e.label), e.item, e.clause, when(e.occurredAt, e.unit)].filter(Boolean).join(' · '))));
}

const pause = 3000; // ms between two things that are read out
let waiting = [], speaking = 0;

// announce has what is new read out: the newest, and how many more.
function announce(fresh) {
  waiting = [...fresh, ...waiting];
  if (!waiting.length || speaking) return;
  const newest = waiting[0], more = waiting.length - 1;
  $('news').textContent = `${nameOf(newest.unit)} ${pointsOf(newest)} ${pick(newest.reason)}${more ? ` (${t('more')} ${more})` : ''}`;
  waiting = [];
  speaking = setTimeout(() => { speaking = 0; announce([]); }, pause);
}
