// The public API, with the viewer's token or session.
import { state } from './state.js';
import { pauses, sleep, passing, later } from './patience.js';
import { t } from './say.js';

const patience = 60000; // ms that a call is tried

// bearer is the token's header; who signed in has a cookie instead, which no
// script sees.
export const bearer = () => state.token ? { Authorization: 'Bearer ' + state.token } : {};

// Stranger is thrown when the API does not know the viewer, or not any more.
export class Stranger extends Error {}

// answered asks until there is an answer, and says so while it waits. What may be
// done twice is asked again whatever failed; all else only where the server has
// refused it before doing it. Otherwise nobody knows, and the viewer looks.
async function answered(path, options, twice) {
  const wait = pauses();
  for (const until = Date.now() + patience; ;) {
    const response = await fetch(path, options).catch(() => null);
    if (response && response.status === 401) {
      document.dispatchEvent(new CustomEvent('stranger'));
      throw new Stranger('401');
    }
    if (response && response.ok) { waiting(false); return response; }
    const again = twice ? !response || passing(response) : response && response.status === 429;
    if (!again || Date.now() > until) {
      waiting(false);
      throw new Error(response ? asTold(await response.json()) : t(twice ? 'away' : 'unknown'));
    }
    waiting(true);
    await sleep(Math.max(response ? later(response) : 0, wait.next()));
  }
}
const waiting = is => document.dispatchEvent(new CustomEvent('waiting', { detail: is }));
const ask = async (path, options, twice) => (await answered(path, options, twice)).json();

// file fetches a file and the name it is to be saved by.
export async function file(path) {
  const response = await answered(path, { headers: bearer() }, true);
  const [, name] = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('Content-Disposition')) || [];
  return { blob: await response.blob(), name: decodeURIComponent(name || 'kaohe-report') };
}

export const get = path => ask(path, { headers: { ...bearer(), 'Accept-Language': state.lang } }, true);
export const post = (path, body, twice = false) => ask(path, {
  method: 'POST', body: JSON.stringify(body), headers: { ...bearer(), 'Accept-Language': state.lang, 'Content-Type': 'application/json' },
}, twice);
export const ofMonth = rest => '/v1/months/' + encodeURIComponent(state.month) + rest;

// tell sends one event, which is recognised when it comes twice; a rejection is
// thrown with its reason.
export async function tell(event) {
  const answer = await post('/v1/events', event, true);
  const verdict = answer.verdicts[0];
  if (verdict.status === 'EVENT_STATUS_REJECTED') throw new Error(asTold({ message: verdict.error.reason, field: verdict.error.field }));
}

// asTold is a refusal as the API tells it: what to do, and the field it is about.
const asTold = body => body.field && !body.message.includes(body.field) ? `${body.message} (${body.field})` : body.message;
