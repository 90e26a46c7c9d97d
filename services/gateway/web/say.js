// How things are said: in the viewer's language, instants in the operator's
// zone, points with two decimals.
import { state } from './state.js';
import { words } from './words.js';

export const t = key => words[state.lang][key];
export const pick = text => (text && (text[state.lang] || text.zh || text.en)) || '';
export const number = text => Number(text || 0);
export const nameOf = unit => pick((state.cards.get(unit) || {}).name) || unit;

export const zoneOf = unit => state.zones.get(unit) || [...state.zones.values()][0] || 'Asia/Shanghai';
const written = (instant, unit, how) => new Date(instant).toLocaleString(state.lang === 'zh' ? 'zh-CN' : 'en-GB', { timeZone: zoneOf(unit), hour12: false, ...how });
const dayOf = { month: '2-digit', day: '2-digit' };
const clock = { hour: '2-digit', minute: '2-digit' };

// when writes an instant of the month, to the second.
export const when = (text, unit) => text ? written(text, unit, { ...dayOf, ...clock, second: '2-digit' }) : '';
// minute writes an instant with its year, to the minute.
export const minute = (text, unit) => text ? written(text, unit, { year: 'numeric', ...dayOf, ...clock }) : '';
// lastDay writes the last day before an instant that ends something.
export const lastDay = text => text ? written(Date.parse(text) - 1, '', { year: 'numeric', ...dayOf }) : '';
// thisMonth is the running month where the operator is, yyyy-mm.
export const thisMonth = () => new Date().toLocaleDateString('sv-SE', { timeZone: zoneOf(''), year: 'numeric', month: '2-digit' }).slice(0, 7);

// signed writes points with their sign and two decimals.
export function signed(text) {
  const value = number(text);
  return (value > 0 ? '+' : value < 0 ? '−' : '') + Math.abs(value).toFixed(2);
}
export const isReversal = entry => entry.type === 'ENTRY_TYPE_REVERSAL';
export const isGone = entry => !isReversal(entry) && entry.state === 'ENTRY_STATE_REVERSED';
const sets0 = entry => (entry.effect || '').startsWith('EFFECT_ZERO');

// pointsOf says what an entry does: its points, or that it sets to 0 or takes
// that back.
export const pointsOf = entry => sets0(entry) ? t(isReversal(entry) ? 'restored' : 'zero') : signed(entry.points);
export const better = entry => sets0(entry) ? isReversal(entry) : number(entry.points) > 0;
