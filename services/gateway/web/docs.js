'use strict';
// Renders the OpenAPI description without any library.
const make = (tag, name, ...children) => { const e = document.createElement(tag); if (name) e.className = name; e.append(...children); return e; };
fetch('/openapi.json').then(r => r.json()).then(api => {
  const type = s => !s ? '' : s.$ref ? s.$ref.split('/').pop() : s.type === 'array' ? type(s.items) + '[]' : s.enum ? s.enum.join(' | ') : (s.format || s.type || '');
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) for (const [method, call] of Object.entries(methods)) {
    const tag = call.tags[0];
    const body = make('details', '', make('summary', '', make('span', 'method ' + method, method.toUpperCase()), make('code', '', path), make('div', 'quiet', call.summary || '')));
    if (call.description) body.append(make('p', '', call.description));
    const list = make('dl', '');
    for (const p of call.parameters || []) list.append(make('dt', '', make('code', '', p.name + (p.required ? ' *' : ''))), make('dd', '', `${type(p.schema || p)} — ${p.description || ''}`));
    const answer = (call.responses['200'] || {}).schema;
    list.append(make('dt', '', '→'), make('dd', '', type(answer && answer.properties ? answer.properties.result : answer)));
    body.append(list);
    if (!groups.has(tag)) groups.set(tag, []);
    groups.get(tag).push(body);
  }
  for (const [tag, calls] of groups) document.getElementById('api').append(make('section', '', make('h2', '', tag), ...calls));
  const types = Object.entries(api.definitions).sort(([a], [b]) => a < b ? -1 : 1).map(([name, d]) => {
    const list = make('dl', '');
    for (const [field, s] of Object.entries(d.properties || {})) list.append(make('dt', '', make('code', '', field)), make('dd', '', `${type(s)} — ${s.title || s.description || ''}`));
    if (d.enum) list.append(make('dt', '', ''), make('dd', '', d.enum.join(' | ')));
    const details = make('details', '', make('summary', '', make('code', '', name), make('span', 'quiet', ' ' + (d.title || d.description || ''))), list);
    details.id = name;
    return details;
  });
  document.getElementById('api').append(make('section', '', make('h2', '', '数据类型 · Types'), ...types));
}).catch(e => { document.getElementById('api').textContent = String(e); });
