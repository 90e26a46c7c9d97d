// The live page: the month, its scorecards and entries as they are posted. All
// data comes from the public API with the viewer's token.
import { link, askWhose } from './link.js';
import { $, make } from './dom.js';
import { state, may, keep, kept } from './state.js';
import { get, ofMonth, Stranger } from './api.js';
import { t, pick, number, thisMonth } from './say.js';
import { words } from './words.js';
import { follow, stop } from './stream.js';
import { pauses } from './patience.js';
import { drawRanking } from './ranking.js';
import { drawSheet, provisionals } from './sheet.js';
import { drawFeed } from './feed.js';
import { explain } from './entry.js';
import { readMonth, drawMonth, forgetMonth } from './month.js';
import { readWork, drawWork } from './work.js';

const most = 200; // entries that are kept
const settled = 2500; // ms after which what comes is new, not what was there before
const restless = 20000; // ms between two looks at what waits

function inside(is) {
  $('board').hidden = $('leave').hidden = !is;
  $('gate').hidden = is;
  for (const element of document.querySelectorAll('.in')) element.hidden = !is;
}

function gate(message) {
  stop();
  for (const dialog of [$('ask'), $('detail')]) dialog.close();
  state.token = ''; keep('kaohe.token', '');
  inside(false);
  $('gateError').textContent = message || '';
  $('token').focus();
}

function translate() {
  document.documentElement.lang = state.lang;
  document.title = (state.lang === 'zh' ? '考核 · ' : 'kaohe · ') + t('title');
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', t(element.dataset.label));
  $('language').textContent = state.lang === 'zh' ? 'English' : '中文';
  $('language').lang = state.lang === 'zh' ? 'en' : 'zh';
  live(state.connected);
}
function live(on) {
  state.connected = on;
  const is = on && !state.waiting;
  $('live').classList.toggle('on', !!is);
  $('live').textContent = t(is ? 'live' : 'lost');
}
function failed(problem) {
  if (problem instanceof Stranger) return;
  $('empty').hidden = false;
  $('empty').textContent = t('failed') + problem.message;
}

const entering = pauses(2000);
async function enter() {
  inside(true);
  try {
    state.me = await get('/v1/me');
    if (!may('ListScorecards')) return gate(t('notReader'));
    const [months, units] = await Promise.all([get('/v1/months'), get('/v1/units')]);
    const own = state.me.units || [];
    choices(months.months || [], (units.units || []).filter(u => !own.length || own.includes(u.unit)), own);
    await load();
  } catch (problem) {
    failed(problem);
    if (!(problem instanceof Stranger)) setTimeout(enter, entering.next());
  }
}

// choices fills the lists of months and units; a unit manager sees his own.
function choices(months, units, own) {
  state.zones = new Map(units.map(u => [u.unit, u.zone]));
  if (own.length && !own.includes(state.unit)) state.unit = own[0];
  if (!months.length) months = [thisMonth()];
  if (state.month && !months.includes(state.month)) months = [state.month, ...months];
  state.month = state.month || months[0];
  $('month').replaceChildren(...months.map(m => make('option', { value: m }, m)));
  $('month').value = state.month;
  $('unit').replaceChildren(...(own.length ? [] : [make('option', { value: '' }, t('all'))]), ...units.map(u => make('option', { value: u.unit }, pick(u.name) || u.unit)));
  $('unit').value = state.unit;
}

async function load() {
  stop();
  forgetMonth();
  state.cards.clear(); state.entries.clear(); state.open = state.version = '';
  const answer = await get(ofMonth('/scorecards'));
  let newest = 0;
  for (const card of answer.scorecards || []) { state.cards.set(card.unit, card); newest = Math.max(newest, number(card.sequence)); }
  state.last = String(newest); // what came between the two answers comes again, under the same id
  const latest = await get(ofMonth('/entries?' + new URLSearchParams({ order_by: 'sequence desc', page_size: 100, unit: state.unit })));
  for (const entry of (latest.entries || []).reverse()) state.entries.set(entry.id, entry);
  draw();
  await read();
  follow({ live, took, drawn: soon });
}
const reload = () => load().catch(failed);

// took takes what the stream says.
function took(kind, data) {
  if (kind === 'score') return scored(data);
  if (data.type === 'ENTRY_TYPE_REVERSAL' && state.entries.has(data.reverses)) state.entries.get(data.reverses).state = 'ENTRY_STATE_REVERSED';
  data.fresh = Date.now() - state.since > settled;
  state.entries.set(data.id, data);
  while (state.entries.size > most) state.entries.delete(state.entries.keys().next().value);
}

// scored takes a unit's new score; where the month itself moved, it is read again.
function scored(card) {
  const before = state.cards.get(card.unit) || {};
  state.cards.set(card.unit, card);
  if (before.state !== card.state || before.correction !== card.correction || provisionals(before) !== provisionals(card)) look();
}
let looking = 0;
function look() { if (!looking) looking = setTimeout(() => { looking = 0; read(); }, 300); }

let drawing = 0;
function soon() { if (!drawing) drawing = requestAnimationFrame(() => { drawing = 0; drawLive(); }); }

function drawLive() {
  const cards = [...state.cards.values()].filter(c => !state.unit || c.unit === state.unit)
    .sort((a, b) => number(b.total) - number(a.total) || (a.unit < b.unit ? -1 : 1));
  drawRanking(cards, toggle);
  drawSheet();
  drawFeed(open);
}
function draw() { drawLive(); drawMonth(open); drawWork(open); }

// read reads what waits: the month's matters, and the work list.
const read = () => Promise.all([readMonth(open), readWork(open)]);
const open = id => explain(id, read);
function toggle(unit) {
  state.open = state.open === unit ? '' : unit;
  state.version = '';
  drawLive();
  if (state.open && $('sheet').getBoundingClientRect().top > innerHeight * 0.7) $('sheet').scrollIntoView();
}

document.addEventListener('waiting', e => { state.waiting = e.detail; live(state.connected); });
document.addEventListener('stranger', () => gate(state.token ? t('wrong') : ''));
$('gate').addEventListener('submit', e => { e.preventDefault(); take($('token').value.trim()); $('token').value = ''; enter(); });
$('leave').addEventListener('click', async () => {
  if (!state.token) { try { await fetch('/auth/logout', { method: 'POST' }); } catch { /* the session ends by itself */ } }
  gate('');
});
$('language').addEventListener('click', () => {
  state.lang = state.lang === 'zh' ? 'en' : 'zh';
  keep('kaohe.lang', state.lang);
  translate();
  if (!$('board').hidden) enter(); // names of units and reasons are in both languages, refusals are not
});
$('month').addEventListener('change', e => { state.month = e.target.value; reload(); });
$('unit').addEventListener('change', e => { state.unit = e.target.value; reload(); });
setInterval(() => { if (state.stream && !document.hidden) read(); }, restless);

// A token may come in the fragment, which no server sees; it is taken out of the
// address at once.
const fragment = new URLSearchParams(location.hash.slice(1));
state.token = kept('kaohe.token');
state.month = fragment.get('month') || '';
state.lang = fragment.get('lang') || kept('kaohe.lang') || 'zh';
if (!words[state.lang]) state.lang = 'zh';
if (fragment.get('token')) history.replaceState(null, '', location.pathname);
translate();
begin();

// begin enters with the token, or with the session of who signed in.
async function begin() {
  try { state.login = (await (await fetch('/auth')).json()).login; } catch { /* then with a token only */ }
  $('signIn').hidden = !state.login;
  const problem = fragment.get('login');
  if (problem) {
    history.replaceState(null, '', location.pathname);
    return gate({ denied: t('denied'), expired: t('expired'), unreachable: t('unreachable'), busy: t('busy') }[problem] || t('failedLogin'));
  }
  const linked = await link(fragment.get('token'));
  if (linked.take) take(linked.token);
  await (state.token || state.login ? enter() : gate(''));
  if (linked.ask) askWhose(linked, () => { take(linked.token); enter(); });
}

function take(token) { state.token = token; keep('kaohe.token', token); }
