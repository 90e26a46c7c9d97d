// What the page knows, and what the viewer chose.
export const state = {
  token: '', login: false, me: {}, lang: 'zh', month: '', unit: '', zones: new Map(),
  cards: new Map(), entries: new Map(), last: '0', since: 0, stream: null, connected: false, waiting: false,
  open: '', version: '', // the unit whose sheet is open, and which of its sheets; '' is the one in force
};

// may tells whether the viewer's role may make a call: what it may not is not
// offered. The server decides.
export const may = call => (state.me.calls || []).includes(call);
export const sends = kind => (state.me.events || []).includes(kind);

export const keep = (key, value) => { try { value === '' ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private window */ } };
export const kept = key => { try { return localStorage.getItem(key) || ''; } catch { return ''; } };
