// The ranking: a row for each unit, best first.
import { $, make, renew } from './dom.js';
import { state } from './state.js';
import { t, pick, number, when, zoneOf } from './say.js';
import { reportButtons } from './report.js';

// drawRanking draws the units that are shown; open is told which one's sheet is
// asked for.
export function drawRanking(cards, open) {
  renew($('cards'), cards.map((card, index) => row(card, index, open)));
  renew($('reports'), cards.length ? reportButtons('', '', () => drawRanking(cards, open)) : null);
  $('empty').hidden = cards.length > 0;
  $('empty').textContent = t('none');
  const latest = cards.map(c => c.asOf || '').sort().pop();
  $('asof').textContent = latest ? t('asOf') + when(latest) : '';
  $('asof').title = zoneOf('');
}

function row(card, index, open) {
  const parts = card.parts || [], total = number(card.total), shown = state.open === card.unit;
  const deducted = parts.flatMap(p => p.items || []).reduce((sum, i) => sum + number(i.deducted), 0) + parts.reduce((sum, p) => sum + number(p.penalties), 0);
  const bonus = parts.reduce((sum, p) => sum + number(p.bonuses), 0);
  return make('tr', { class: shown ? 'open' : null, onclick: () => open(card.unit) },
    make('td', { class: 'rank' + (index === 0 ? ' first' : '') }, String(index + 1)),
    make('td', { class: 'name' }, make('button', { class: 'plain', type: 'button', 'data-key': 'unit/' + card.unit, 'aria-expanded': String(shown), 'aria-controls': 'sheet' },
      pick(card.name) || card.unit), make('small', {}, card.unit)),
    make('td', { class: 'n total' + (total < 60 ? ' low' : total < 80 ? ' middle' : '') }, total.toFixed(2)),
    make('td', { class: 'quota' }, quota(card.quota)),
    make('td', { class: 'n cost' + (deducted ? ' minus' : ' quiet') }, deducted ? '−' + deducted.toFixed(2) : '0.00'),
    make('td', { class: 'n gain' + (bonus ? ' plus' : ' quiet') }, bonus ? '+' + bonus.toFixed(2) : '0.00'));
}

function quota(q) {
  if (!q || !number(q.customers)) return make('span', { class: 'quiet' }, t('unknown'));
  const share = number(q.limit) ? number(q.used) / number(q.limit) : 0;
  const fill = make('i');
  fill.style.width = Math.min(100, share * 100) + '%';
  const note = q.crossed ? t('crossed') : q.crossingDay ? t('crossing') + q.crossingDay : number(q.projected) ? t('projected') + q.projected : '';
  return make('div', {},
    `${q.used || 0} / ${q.limit} `, make('small', {}, `${t('left')} ${q.left}`),
    make('div', { class: 'bar' + (q.crossed ? ' over' : share > 0.8 || q.crossingDay ? ' near' : ''), 'aria-hidden': 'true' }, fill),
    note ? make('small', { class: q.crossed ? 'bad' : q.crossingDay ? 'warn' : '' }, note) : null);
}
