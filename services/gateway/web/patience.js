// Pauses before what failed is tried again: longer each time, and by chance, so
// that the screens of a whole office do not come back at the same moment.
const spread = 0.5;

export function pauses(first = 500, longest = 10000) {
  let next = first;
  return {
    next() {
      const wait = next * (1 + spread * (2 * Math.random() - 1));
      next = Math.min(2 * next, longest);
      return wait;
    },
    reset() { next = first; },
  };
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

// passing reports whether an answer says that the server cannot now, later when
// to come again, in ms; 0: it does not say.
export const passing = response => [429, 502, 503, 504].includes(response.status);
export const later = response => 1000 * (Number(response.headers.get('Retry-After')) || 0);
