// Objections 异议: what was raised and decided, and the dialogs to do so.
import { make } from './dom.js';
import { state, may } from './state.js';
import { post } from './api.js';
import { ask } from './ask.js';
import { t, pick, minute, nameOf, signed } from './say.js';

const stepsOf = o => (o.objection || {}).steps || [];
const rulingsOf = o => (o.objection || {}).rulings || [];
export const waits = o => !o.retracted && stepsOf(o).length > rulingsOf(o).length;
const short = outcome => (outcome || '').replace('OBJECTION_OUTCOME_', '');

// mine tells whether the viewer raised an objection or decided it before.
function mine(o) {
  const by = said => said.sender === state.me.id || said.person === (state.me.name || state.me.id);
  return by(stepsOf(o).at(-1) || {}) || rulingsOf(o).some(by);
}
const decidesAt = stage => ({ ROLE_ADMINISTRATOR: true, ROLE_ASSESSOR: stage === 'OBJECTION_STAGE_ASSESSOR', ROLE_COMMITTEE: stage === 'OBJECTION_STAGE_COMMITTEE' })[state.me.role];
const mayDecide = o => may('DecideObjection') && waits(o) && decidesAt(stepsOf(o).at(-1).stage);

// standing is where an objection stands, in a few words.
function standing(o) {
  if (o.retracted) return t('retracted');
  const stage = t((stepsOf(o).at(-1) || {}).stage);
  return waits(o) ? `${t('waits')} · ${stage}` : `${outcomeOf(rulingsOf(o).at(-1))} · ${stage}`;
}
const outcomeOf = ruling => t(short(ruling.outcome)) + (ruling.points ? ' ' + signed(ruling.points) : '');

// objectionBox shows an objection with its steps and decisions; open shows its
// entry, done is called after something was decided.
export function objectionBox(o, { open, done, where }) {
  const decide = mayDecide(o) && !mine(o);
  return make('article', { class: 'objection' + (waits(o) ? ' waits' : '') },
    make('h4', {}, `${nameOf(o.unit)} `, make('span', { class: 'tag ' + (waits(o) ? 'warn' : 'quiet') }, standing(o))),
    make('ol', { class: 'timeline' }, stepsOf(o).flatMap((step, i) => [said(step, o.unit), rulingsOf(o)[i] ? ruled(rulingsOf(o)[i], o.unit) : null])),
    mayDecide(o) && mine(o) ? make('p', { class: 'quiet' }, t('own')) : null,
    make('p', { class: 'buttons' },
      open ? make('button', { type: 'button', 'data-key': `objection/${o.id}/entry`, onclick: () => open(o.objection.entry) }, t('entryOf')) : null,
      decide ? make('button', { class: 'primary', type: 'button', 'data-key': `objection/${where}/${o.id}/decide`, onclick: () => decideOn(o, done) }, t('decide')) : null));
}

const said = (step, unit) => make('li', {}, make('b', {}, `${minute(step.at, unit)} ${step.person}`), ` → ${t(step.stage)}: ${step.grounds}`,
  (step.evidence || []).map(e => make('div', {}, proofLink(e))));
const ruled = (r, unit) => make('li', {}, make('b', {}, `${minute(r.at, unit)} ${r.person}`), ` (${t(r.stage)}) `, make('b', {}, outcomeOf(r)), `: ${r.reason}`);

// proofLink links to what is kept on the web; other addresses are only written.
const proofLink = e => /^https?:/.test(e.uri) ? make('a', { href: e.uri, target: '_blank', rel: 'noopener noreferrer' }, e.label || e.uri)
  : make('span', { class: 'quiet' }, [e.label, e.uri].filter(Boolean).join(' · '));

function decideOn(o, done) {
  const outcomes = ['UPHELD', 'ADJUSTED', 'REJECTED'].map(name => 'OBJECTION_OUTCOME_' + name);
  const inputs = ask({
    title: `${t('decide')} · ${nameOf(o.unit)}`, about: make('p', {}, stepsOf(o).at(-1).grounds), confirm: t('decide'), after: 'objections',
    fields: [
      { name: 'outcome', label: t('outcome'), required: true, options: outcomes.map(name => [name, t(name)]) },
      { name: 'points', label: t('newPoints'), kind: 'points' },
      { name: 'reason', label: t('reason'), required: true },
    ],
    act: async ({ outcome, points, reason }) => {
      const decided = await post('/v1/rulings', { objection: o.id, outcome, points: outcome === outcomes[1] ? points.replace('−', '-') : '', reason });
      await done(decided);
    },
  });
  const adjusts = () => {
    const is = inputs.get('outcome').value === outcomes[1];
    inputs.get('points').required = is;
    inputs.get('points').closest('.field').hidden = !is;
  };
  inputs.get('outcome').addEventListener('change', adjusts);
  adjusts();
}

// objecting is what an entry's dialog says of objections: the one there is, and
// the button to raise one or to appeal, for who may and while the window is open.
export function objecting(told, { done }) {
  const { entry, objection, objectionStage: stage } = told;
  const appeal = stage === 'OBJECTION_STAGE_COMMITTEE';
  const won = objection && short((rulingsOf(objection).at(-1) || {}).outcome) === 'UPHELD';
  const offer = stage && may('RaiseObjection') && !won;
  if (!objection && !offer) return null;
  return make('section', { class: 'objecting', 'aria-label': t('objection') }, make('h3', {}, t('objection')),
    objection ? objectionBox(objection, { done, where: 'entry' }) : null,
    offer ? make('p', { class: 'buttons' },
      make('button', { class: 'primary', type: 'button', 'data-key': 'raise', onclick: () => raise(entry, appeal, done) }, t(appeal ? 'appeal' : 'raise')),
      make('small', {}, told.objectionsUntil ? `${t('until')} ${minute(told.objectionsUntil, entry.unit)}` : t('afterPublication'))) : null);
}

const raise = (entry, appeal, done) => ask({
  title: t(appeal ? 'appeal' : 'raise'), about: make('p', {}, `${nameOf(entry.unit)} · ${pick(entry.reason)}`), note: t(appeal ? 'appealNote' : 'raiseNote'), after: 'close',
  fields: [
    { name: 'grounds', label: t('grounds'), required: true, most: 4000, rows: 4 },
    { name: 'evidence', label: t('evidence'), note: t('evidenceNote'), rows: 2, most: 20000 },
  ],
  act: async ({ grounds, evidence }) => done(await post('/v1/objections', { entry: entry.id, grounds, evidence: proofs(evidence) })),
});

// proofs reads a line "address what it shows" each.
const proofs = text => text.split('\n').map(line => line.trim()).filter(Boolean).map(line => {
  const [uri, ...label] = line.split(/\s+/);
  return { uri, label: label.join(' ') };
});
