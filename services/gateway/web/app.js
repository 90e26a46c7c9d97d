'use strict';
// The live page: scorecards of a month and entries as they are posted. All data
// comes from the public API with the viewer's token.
const words = {
  zh: {
    title: '实时服务评分', month: '月份', unit: '业务单位', docs: '接口说明', leave: '退出', ranking: '本月得分', score: '得分',
    quota: '报修指标', deducted: '扣分', bonus: '加分', latest: '最新记录', gate: '请输入令牌',
    gateHelp: '令牌在 kaohe 数据目录的 admin.token 文件中，只保存在这台电脑的浏览器里。', enter: '进入',
    all: '全部', live: '实时', lost: '重新连接中…', wrong: '令牌不正确，请重新输入', none: '还没有得分。推送事件后，这里会立即出现各单位的评分。',
    asOf: '截至 ', used: '已用', of: '/', left: '余', crossed: '已超，整部分记 0 分', crossing: '预计突破 ', projected: '预计月末 ',
    item: '项目', max: '满分', got: '得分', carried: '超出部分', bonuses: '加分', penalties: '项外扣分', provisional: '待评定', waived: '免评', scaled: '折算', total: '合计', weight: '权重',
    reversal: '冲销', reversed: '已冲销', zero: '记 0', why: '原因', rule: '规则', clause: '条款', version: '规则手册', basis: '依据',
    source: '考核办法原文', assumption: '系统假设（可改）', happened: '发生', posted: '入账', proof: '证据', history: '同一事实的全部记录',
    signIn: '用单位账号登录', denied: '您的账号在 kaohe 没有角色或业务单位，请管理员授予后重新登录', expired: '登录超时或不是从本页开始，请重新登录',
    unreachable: '身份系统暂时连接不上，请稍后再试', failedLogin: '登录没有成功，请重试',
    ticket: '工单', noneYet: '暂无记录', failed: '读取失败：', unknown: '未登记客户数', entries: '条',
  },
  en: {
    title: 'Live service scores', month: 'Month', unit: 'Unit', docs: 'API', leave: 'Sign out', ranking: 'Scores', score: 'Score',
    quota: 'Repair quota', deducted: 'Deducted', bonus: 'Bonus', latest: 'Latest entries', gate: 'Enter the token',
    gateHelp: 'It is in the file admin.token of kaohe’s data directory, and is kept in this browser only.', enter: 'Enter',
    all: 'All', live: 'Live', lost: 'Reconnecting…', wrong: 'The token is not right; enter it again', none: 'No scores yet. Push events, and the units’ scores appear here at once.',
    asOf: 'as of ', used: 'used', of: '/', left: 'left', crossed: 'crossed: the part scores 0', crossing: 'will be crossed ', projected: 'month end about ',
    item: 'Item', max: 'Max', got: 'Score', carried: 'Beyond the items', bonuses: 'Bonuses', penalties: 'Beside the items', provisional: 'provisional', waived: 'waived', scaled: 'scaled', total: 'Total', weight: 'weight',
    reversal: 'taken back', reversed: 'taken back', zero: 'to 0', why: 'Why', rule: 'Rule', clause: 'Clause', version: 'Rulebook', basis: 'Basis',
    source: 'the operator’s rules', assumption: 'an assumption (can be changed)', happened: 'Happened', posted: 'Posted', proof: 'Proof', history: 'All entries of the same fact',
    signIn: 'Sign in with your account', denied: 'Your account has no role or no units in kaohe; ask an administrator, then sign in again', expired: 'The sign-in took too long or did not begin here; sign in again',
    unreachable: 'The identity provider cannot be reached now; try again in a moment', failedLogin: 'You were not signed in; try again',
    ticket: 'Ticket', noneYet: 'Nothing yet', failed: 'Reading failed: ', unknown: 'customers not registered', entries: 'entries',
  },
};
const kinds = {
  ticketOpened: '工单开立', ticketDispatched: '派单', ticketTransferred: '转派', ticketSuspended: '挂起', ticketResumed: '恢复', ticketRescheduled: '改约',
  ticketReplied: '回单', ticketClosed: '关闭', ticketReopened: '返工', ticketCancelled: '撤销', ticketMerged: '合并', ticketUnmerged: '取消合并',
  sourceVerdictReported: '来源系统判定', complaintFiled: '投诉', complaintForwarded: '转办', complaintAnswered: '答复', complaintVerified: '核实',
  complaintResolved: '解决', complaintFedBack: '反馈', callbackDone: '回访', praiseGiven: '表扬', massFaultDeclared: '大面积故障',
  massFaultTold: '大面积故障告知', massFaultRestored: '大面积故障恢复', interruptionPlanned: '网改/停电', pointsDecided: '评分决定', thanksDecided: '感谢加分决定', callMade: '调用',
};
// What an event says, in Chinese: its fields and their values.
const fields = {
  ticket: '工单', unit: '单位', person: '人员', text: '内容', reason: '原因', complaint: '投诉', agent: '坐席', outage: '故障', customer: '客户', kind: '类型',
  category: '类别', priority: '优先级', channel: '渠道', cause: '原因', level: '级别', result: '结果', matter: '事项', match: '与实际', item: '项目', points: '分值',
  rule: '规则', into: '并入', to: '转至', by: '由', area: '区域', about: '关于', subject: '对象', decision: '决定', valid: '有效', met: '达标', agreed: '客户同意',
  faultCause: '故障原因', commitmentClass: '承诺类别', dueAt: '应完成', completedAt: '完成', startsAt: '开始', endsAt: '结束', expectedEnd: '预计恢复', noticeAt: '告知',
  toldAt: '告知呼叫中心', customersToldAt: '告知客户', reached: '已接通', callback: '回访', keyCustomer: '重要客户', code: '编码', aboutAt: '所指时间', satisfaction: '满意度', method: '方式',
};
const values = {
  FAULT: '报修', COMPLAINT: '投诉', ENQUIRY: '咨询', CUSTOMER: '客户原因', WEATHER: '天气', MATERIAL: '材料', OTHER: '其他', DONE: '已完成', IN_PROGRESS: '处理中',
  HANDED_ON: '转出', LATE_WORK: '施工不及时', FALSE_REPLY: '虚假回单', BUCK_PASSING: '推诿', UNANNOUNCED_INTERRUPTION: '未告知中断', ATTITUDE: '服务态度', DISCIPLINE: '服务纪律',
  HOTLINE: '热线', BRANCH: '分公司', PROVINCE: '省公司', ABOVE: '省公司以上', SUPERVISION_PHONE: '监督电话', OPINION_BOX: '意见箱', COUNTER: '柜台', LETTER: '来信',
  YES: '相符', NO: '不符', SERIOUSLY_NOT: '严重不符', INSPECTION: '检查', CHEATING_REPORT: '举报弄虚作假', true: '是', false: '否',
};
const $ = id => document.getElementById(id);
const state = { token: '', lang: 'zh', month: '', unit: '', zones: new Map(), cards: new Map(), entries: new Map(), last: '0', open: '', stream: null, since: 0 };
const keep = (key, value) => { try { value === '' ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private window */ } };
const kept = key => { try { return localStorage.getItem(key) || ''; } catch { return ''; } };
const t = key => words[state.lang][key];
const pick = text => (text && (text[state.lang] || text.zh || text.en)) || '';
const number = text => Number(text || 0);

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === 'class') element.className = value;
    else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}
// when writes an instant in the zone of a unit, or of the first one.
const when = (text, unit) => text ? new Date(text).toLocaleString(state.lang === 'zh' ? 'zh-CN' : 'en-GB', { timeZone: state.zones.get(unit) || [...state.zones.values()][0] || 'Asia/Shanghai', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }) : '';

// bearer is the token's header; who signed in has a cookie instead, which no
// script sees.
const bearer = () => state.token ? { Authorization: 'Bearer ' + state.token } : {};

async function get(path) {
  const response = await fetch(path, { headers: { ...bearer(), 'Accept-Language': state.lang } });
  if (response.status === 401) { gate(state.token ? t('wrong') : ''); throw new Error('401'); }
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

function inside(is) {
  $('board').hidden = $('leave').hidden = !is;
  $('gate').hidden = is;
  for (const element of document.querySelectorAll('.in')) element.hidden = !is;
}

function gate(message) {
  stop();
  state.token = ''; keep('kaohe.token', '');
  inside(false);
  $('gateError').textContent = message || '';
  $('token').focus();
}

function translate() {
  document.documentElement.lang = state.lang;
  document.title = (state.lang === 'zh' ? '考核 · ' : 'kaohe · ') + t('title');
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  $('language').textContent = state.lang === 'zh' ? 'English' : '中文';
  live(state.connected);
  if ($('unit').options.length && !$('unit').options[0].value) $('unit').options[0].textContent = t('all');
  draw();
}
function live(on) { state.connected = on; $('live').classList.toggle('on', !!on); $('live').textContent = t(on ? 'live' : 'lost'); }

async function enter() {
  inside(true);
  try {
    const [months, units, me] = await Promise.all([get('/v1/months'), get('/v1/units'), get('/v1/me')]);
    if (me.units && me.units.length) { // a unit manager sees his own
      units.units = (units.units || []).filter(u => me.units.includes(u.unit));
      if (!me.units.includes(state.unit)) state.unit = me.units[0];
    }
    const all = months.months.length ? months.months : [new Date().toISOString().slice(0, 7)];
    if (state.month && !all.includes(state.month)) all.unshift(state.month);
    state.month = state.month || all[0];
    $('month').replaceChildren(...all.map(m => make('option', { value: m }, m)));
    $('month').value = state.month;
    $('unit').replaceChildren(...(me.units && me.units.length ? [] : [make('option', { value: '' }, t('all'))]), ...(units.units || []).map(u => make('option', { value: u.unit }, pick(u.name) || u.unit)));
    $('unit').value = state.unit;
    state.zones = new Map((units.units || []).map(u => [u.unit, u.zone]));
    await load();
  } catch (problem) {
    if (problem.message !== '401') { $('empty').hidden = false; $('empty').textContent = t('failed') + problem.message; setTimeout(enter, 3000); }
  }
}

async function load() {
  stop();
  state.cards.clear(); state.entries.clear(); state.open = '';
  const month = '/v1/months/' + encodeURIComponent(state.month);
  const answer = await get(month + '/scorecards');
  let newest = 0;
  for (const card of answer.scorecards || []) { state.cards.set(card.unit, card); newest = Math.max(newest, number(card.sequence)); }
  state.last = String(newest); // what came between the two answers comes again, under the same id
  const latest = await get(month + '/entries?' + new URLSearchParams({ order_by: 'sequence desc', page_size: 100, unit: state.unit }));
  for (const entry of (latest.entries || []).reverse()) state.entries.set(entry.id, entry);
  draw();
  follow();
}

function stop() { if (state.stream) state.stream.abort(); state.stream = null; }

// follow reads the stream; EventSource cannot send a token. It comes back behind
// the last sequence it has, so nothing is missed and nothing comes twice.
async function follow() {
  const mine = state.stream = new AbortController();
  state.since = Date.now();
  while (state.stream === mine) {
    try {
      const query = new URLSearchParams({ month: state.month, unit: state.unit, last_event_id: state.last });
      const response = await fetch('/v1/stream?' + query, { signal: mine.signal, headers: bearer() });
      if (response.status === 401) return gate(state.token ? t('wrong') : '');
      if (response.status === 400) { state.last = '0'; throw new Error('the ledger was rebuilt'); }
      if (!response.ok) throw new Error(response.status);
      live(true);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ''; ;) {
        const { value, done } = await reader.read();
        if (done) break;
        const blocks = (rest + value).split('\n\n');
        rest = blocks.pop();
        if (blocks.length && state.stream === mine) { blocks.forEach(take); soon(); }
      }
    } catch { /* connect again */ }
    if (state.stream !== mine) return;
    live(false);
    await new Promise(resolve => setTimeout(resolve, 1000));
  }
}

function take(block) {
  const message = {};
  for (const line of block.split('\n')) { const at = line.indexOf(': '); if (at > 0) message[line.slice(0, at)] = line.slice(at + 2); }
  if (!message.data) return;
  const data = JSON.parse(message.data);
  state.last = message.id;
  if (message.event === 'score') { state.cards.set(data.unit, data); return; }
  if (data.type === 'ENTRY_TYPE_REVERSAL' && state.entries.has(data.reverses)) state.entries.get(data.reverses).state = 'ENTRY_STATE_REVERSED';
  data.fresh = Date.now() - state.since > 2500; // not what was there before the page

  state.entries.set(data.id, data);
  while (state.entries.size > 200) state.entries.delete(state.entries.keys().next().value);
}
let drawing = 0;
function soon() { if (!drawing) drawing = requestAnimationFrame(() => { drawing = 0; draw(); }); }

function draw() {
  const cards = [...state.cards.values()].filter(c => !state.unit || c.unit === state.unit)
    .sort((a, b) => number(b.total) - number(a.total) || (a.unit < b.unit ? -1 : 1));
  $('cards').replaceChildren(...cards.map(row));
  $('empty').hidden = cards.length > 0; $('empty').textContent = t('none');
  const latest = cards.map(c => c.asOf || '').sort().pop();
  $('asof').textContent = latest ? t('asOf') + when(latest) : '';
  sheet(state.cards.get(state.open));
  const entries = [...state.entries.values()].reverse();
  $('count').textContent = entries.length ? entries.length + ' ' + t('entries') : '';
  $('entries').replaceChildren(...(entries.length ? entries.map(line) : [make('p', { class: 'quiet' }, t('noneYet'))]));
  for (const entry of entries) entry.fresh = false;
}

function row(card, index) {
  const total = number(card.total);
  const parts = card.parts || [];
  const deducted = parts.flatMap(p => p.items || []).reduce((sum, i) => sum + number(i.deducted), 0) + parts.reduce((sum, p) => sum + number(p.penalties), 0);
  const bonus = parts.reduce((sum, p) => sum + number(p.bonuses), 0);
  const open = () => { state.open = state.open === card.unit ? '' : card.unit; draw(); };
  return make('tr', { class: state.open === card.unit ? 'open' : '', tabindex: '0', onclick: open, onkeydown: e => { if (e.key === 'Enter') open(); } },
    make('td', { class: 'rank' + (index === 0 ? ' first' : '') }, String(index + 1)),
    make('td', { class: 'name' }, pick(card.name) || card.unit, make('small', {}, card.unit)),
    make('td', { class: 'n total' + (total < 60 ? ' low' : total < 80 ? ' middle' : '') }, card.total || '0.00'),
    make('td', {}, quota(card.quota)),
    make('td', { class: 'n' + (deducted ? ' minus' : ' quiet') }, deducted ? '−' + deducted.toFixed(2) : '0.00'),
    make('td', { class: 'n' + (bonus ? ' plus' : ' quiet') }, bonus ? '+' + bonus.toFixed(2) : '0.00'));
}

function quota(q) {
  if (!q || !number(q.customers)) return make('span', { class: 'quiet' }, t('unknown'));
  const share = number(q.limit) ? number(q.used) / number(q.limit) : 0;
  const fill = make('i');
  fill.style.width = Math.min(100, share * 100) + '%';
  const note = q.crossed ? t('crossed') : q.crossingDay ? t('crossing') + q.crossingDay : number(q.projected) ? t('projected') + q.projected : '';
  return make('div', {},
    `${q.used || 0} ${t('of')} ${q.limit} `, make('small', {}, `${t('left')} ${q.left}`),
    make('div', { class: 'bar' + (q.crossed ? ' over' : share > 0.8 || q.crossingDay ? ' near' : '') }, fill),
    note ? make('small', { class: q.crossed ? 'bad' : q.crossingDay ? 'warn' : '' }, note) : null);
}

function sheet(card) {
  $('sheet').hidden = !card;
  if (!card) return;
  const rows = [];
  for (const part of card.parts || []) {
    rows.push(make('tr', { class: 'part' }, make('td', { colspan: '2' }, pick(part.label), make('small', {}, ` ${t('weight')} ${part.weight}%`)),
      make('td', { class: 'n' }, ''), make('td', { class: 'n' }, ''), make('td', { class: 'n' }, (part.zeroed ? '0 ← ' : '') + part.score)));
    for (const i of part.items || []) {
      const worn = i.zeroed || number(i.deducted) > 0;
      rows.push(make('tr', { class: worn ? 'worn' : '' }, make('td', { class: 'quiet' }, i.item), make('td', {}, pick(i.label), i.provisional || i.waived ? make('small', { class: 'quiet' }, ' ' + t(i.waived ? 'waived' : 'provisional')) : null),
        make('td', { class: 'n' }, i.max), make('td', { class: 'n' }, number(i.deducted) ? '−' + i.deducted : ''), make('td', { class: 'n' }, i.score)));
    }
    for (const s of part.sections || []) {
      if (s.score !== s.itemsTotal) rows.push(make('tr', { class: 'quiet' }, make('td', { colspan: '4' }, `${pick(s.label)} ${t('scaled')} ${s.itemsTotal} → ${s.max}`), make('td', { class: 'n' }, s.score)));
    }
    for (const [label, value, sign] of [['carried', part.carried, '−'], ['penalties', part.penalties, '−'], ['bonuses', part.bonuses, '+']]) {
      if (number(value)) rows.push(make('tr', {}, make('td', { colspan: '4' }, t(label)), make('td', { class: 'n' }, sign + value.replace('-', ''))));
    }
  }
  const warnings = (card.warnings || []).map(w => make('p', { class: 'warn' }, '⚠ ' + pick(w)));
  $('sheet').replaceChildren(make('h2', {}, `${pick(card.name)} · ${card.month} `, make('small', {}, t('version') + ' ' + (card.rulebookVersion || ''))), ...warnings,
    make('table', {}, make('thead', {}, make('tr', {}, make('th', { colspan: '2' }, t('item')), make('th', { class: 'n' }, t('max')), make('th', { class: 'n' }, t('deducted')), make('th', { class: 'n' }, t('got')))), make('tbody', {}, ...rows)));
}

function points(e) {
  if ((e.effect || '').startsWith('EFFECT_ZERO')) return t('zero');
  const value = number(e.points);
  return (value > 0 ? '+' : value < 0 ? '−' : '') + Math.abs(value).toFixed(2);
}
const nameOf = unit => pick((state.cards.get(unit) || {}).name) || unit;

function line(e) {
  const back = e.type === 'ENTRY_TYPE_REVERSAL', gone = !back && e.state === 'ENTRY_STATE_REVERSED';
  const sign = number(e.points) > 0 ? ' plus' : ' minus';
  return make('li', { class: (gone ? 'reversed' : '') + (e.fresh ? ' fresh' : ''), tabindex: '0', onclick: () => explain(e.id), onkeydown: k => { if (k.key === 'Enter') explain(e.id); } },
    make('span', { class: 'points' + sign }, points(e)),
    make('span', { class: 'what' }, back || gone ? make('span', { class: 'tag quiet' }, t(back ? 'reversal' : 'reversed')) : null, make('b', {}, nameOf(e.unit)), ' ' + pick(e.reason)),
    make('span', { class: 'meta' }, [pick(e.label), e.item, e.clause, when(e.occurredAt, e.unit)].filter(Boolean).join(' · ')));
}

async function explain(id) {
  let x;
  try { x = await get('/v1/entries/' + encodeURIComponent(id)); } catch (problem) { x = { explanation: problem.message }; }
  const e = x.entry || {};
  const facts = [['rule', `${pick(e.label)}（${e.rule}）`], ['clause', e.clause], ['version', e.rulebookVersion], ['basis', t(e.basis) || e.basis],
    ['ticket', e.ticket], ['happened', when(e.occurredAt, e.unit)], ['posted', when(e.postedAt, e.unit)]].filter(f => f[1]);
  $('detailBody').replaceChildren(
    make('h2', {}, `${nameOf(e.unit)} ${points(e)}`), make('p', {}, x.explanation),
    make('dl', {}, ...facts.flatMap(([name, value]) => [make('dt', {}, t(name)), make('dd', {}, value)])),
    make('h2', {}, t('proof')), make('ul', { class: 'timeline' }, ...(x.proof || []).map(event)),
    ...((x.history || []).length > 1 ? [make('h2', {}, t('history')), make('ul', { class: 'timeline' }, ...x.history.map(h =>
      make('li', {}, `${when(h.postedAt, e.unit)} ${points(h)} `, pick(h.reason))))] : []));
  $('detail').showModal();
}
const spaced = name => name.replace(/[A-Z]/g, c => ' ' + c.toLowerCase());
// value writes what a field says: an instant, a word of the contract
// (TICKET_KIND_FAULT, after the name of its type), or as it is.
function value(raw, unit) {
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

$('gate').addEventListener('submit', e => { e.preventDefault(); state.token = $('token').value.trim(); keep('kaohe.token', state.token); $('token').value = ''; enter(); });
$('leave').addEventListener('click', async () => {
  if (!state.token) { try { await fetch('/auth/logout', { method: 'POST' }); } catch { /* the session ends by itself */ } }
  gate('');
});
$('close').addEventListener('click', () => $('detail').close());
$('language').addEventListener('click', () => { state.lang = state.lang === 'zh' ? 'en' : 'zh'; keep('kaohe.lang', state.lang); translate(); });
const reload = () => load().catch(problem => { $('empty').hidden = false; $('empty').textContent = t('failed') + problem.message; });
$('month').addEventListener('change', e => { state.month = e.target.value; reload(); });
$('unit').addEventListener('change', e => { state.unit = e.target.value; reload(); });

// The token may come in the fragment, which no server sees; it is taken out of
// the address at once.
const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.get('token')) keep('kaohe.token', fragment.get('token'));
state.token = fragment.get('token') || kept('kaohe.token');
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
    return gate({ denied: t('denied'), expired: t('expired'), unreachable: t('unreachable') }[problem] || t('failedLogin'));
  }
  state.token || state.login ? enter() : gate('');
}
