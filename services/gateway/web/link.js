// A link may bring a token. It never takes the place of who is signed in already
// unless he says so: else whoever sends a link chooses in whose name others work.
import { state } from './state.js';
import { t } from './say.js';
import { ask } from './ask.js';

// whose gives the name of a token, or of the session without one; '' when it is
// not good.
async function whose(token) {
  try {
    const answer = await fetch('/v1/me', { headers: token ? { Authorization: 'Bearer ' + token } : {} });
    const me = answer.ok ? await answer.json() : {};
    return me.name || me.id || '';
  } catch { return ''; }
}

// link tells what to do with the token of a link: take it, ask, or leave it.
export async function link(token) {
  if (!token || token === state.token) return {};
  const present = state.token || state.login ? await whose(state.token) : '';
  if (!present) return { token, take: true };
  const other = await whose(token);
  return other ? { token, present, other, ask: true } : {};
}

// askWhose asks who is signed in whether he wants to be another.
export const askWhose = ({ present, other }, take) => ask({
  title: t('otherToken'), note: `${t('signedInAs')}${present}${t('linkBrings')}${other}${t('otherNote')}`, confirm: t('useOther'), act: async () => take(),
});
