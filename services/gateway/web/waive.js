// Items that nobody has assessed can be waived 免评, with a reason.
import { make } from './dom.js';
import { state } from './state.js';
import { tell } from './api.js';
import { ask } from './ask.js';
import { t, pick, nameOf } from './say.js';

// waiveButton offers to waive an item; where tells buttons for the same item
// apart.
export const waiveButton = (unit, item, label, where) => make('button', { class: 'small', type: 'button', 'data-key': `waive/${where}/${unit}/${item}`,
  'aria-label': `${t('waive')} ${nameOf(unit)} ${item} ${pick(label)}`, onclick: click => { click.stopPropagation(); waive(unit, item, label); } }, t('waive'));

const waive = (unit, item, label) => ask({
  title: `${t('waive')}: ${nameOf(unit)} ${item} ${pick(label)}`, note: t('waiveNote'), confirm: t('waive'), after: 'missing',
  fields: [{ name: 'reason', label: t('reason'), required: true }],
  act: ({ reason }) => tell({
    id: [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join(''), source: 'page', occurredAt: new Date().toISOString(),
    itemWaived: { unit, month: state.month, item, person: state.me.name || state.me.id, reason },
  }),
});
