// The live stream of the ledger, by server-sent events.
import { state } from './state.js';
import { bearer } from './api.js';
import { pauses, sleep, later } from './patience.js';

export function stop() { if (state.stream) state.stream.abort(); state.stream = null; }

// follow reads the stream; EventSource cannot send a token. It comes back behind
// the last sequence it has, so nothing is missed and nothing comes twice.
// Listeners: live(on), took(message) for each, and drawn() after some of them.
export async function follow({ live, took, drawn }) {
  const mine = state.stream = new AbortController();
  state.since = Date.now();
  const wait = pauses();
  while (state.stream === mine) {
    let told = 0;
    try {
      await read(mine, { live: on => { wait.reset(); live(on); }, took, drawn });
    } catch (problem) { told = problem.after || 0; }
    if (state.stream !== mine) return;
    live(false);
    await sleep(Math.max(told, wait.next()));
  }
}

async function read(mine, { live, took, drawn }) {
  const query = new URLSearchParams({ month: state.month, unit: state.unit, last_event_id: state.last });
  const response = await fetch('/v1/stream?' + query, { signal: mine.signal, headers: bearer() });
  if (response.status === 401) return document.dispatchEvent(new CustomEvent('stranger'));
  if (response.status === 400) { state.last = '0'; throw new Error('the ledger was rebuilt'); }
  if (!response.ok) throw Object.assign(new Error(response.status), { after: later(response) });
  live(true);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ''; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    if (!blocks.length || state.stream !== mine) continue;
    blocks.map(parse).filter(m => m.data).forEach(message => { state.last = message.id; took(message.event, JSON.parse(message.data)); });
    drawn();
  }
}

function parse(block) {
  const message = {};
  for (const line of block.split('\n')) { const at = line.indexOf(': '); if (at > 0) message[line.slice(0, at)] = line.slice(at + 2); }
  return message;
}
