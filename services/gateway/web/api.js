// The public API, with the viewer's token or session.
import { state } from './state.js';

// bearer is the token's header; who signed in has a cookie instead, which no
// script sees.
export const bearer = () => state.token ? { Authorization: 'Bearer ' + state.token } : {};

// Stranger is thrown when the API does not know the viewer, or not any more.
export class Stranger extends Error {}

async function answered(path, options) {
  const response = await fetch(path, options);
  if (response.status === 401) {
    document.dispatchEvent(new CustomEvent('stranger'));
    throw new Stranger('401');
  }
  if (!response.ok) throw new Error(asTold(await response.json()));
  return response;
}
const ask = async (path, options) => (await answered(path, options)).json();

// file fetches a file and the name it is to be saved by.
export async function file(path) {
  const response = await answered(path, { headers: bearer() });
  const [, name] = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get('Content-Disposition')) || [];
  return { blob: await response.blob(), name: decodeURIComponent(name || 'kaohe-report') };
}

export const get = path => ask(path, { headers: { ...bearer(), 'Accept-Language': state.lang } });
export const post = (path, body) => ask(path, {
  method: 'POST', body: JSON.stringify(body), headers: { ...bearer(), 'Accept-Language': state.lang, 'Content-Type': 'application/json' },
});
export const ofMonth = rest => '/v1/months/' + encodeURIComponent(state.month) + rest;

// tell sends one event; a rejection is thrown with its reason.
export async function tell(event) {
  const answer = await post('/v1/events', event);
  const verdict = answer.verdicts[0];
  if (verdict.status === 'EVENT_STATUS_REJECTED') throw new Error(asTold({ message: verdict.error.reason, field: verdict.error.field }));
}

// asTold is a refusal as the API tells it: what to do, and the field it is about.
const asTold = body => body.field && !body.message.includes(body.field) ? `${body.message} (${body.field})` : body.message;
