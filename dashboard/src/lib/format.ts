/** Numbers for people. A dash stands for what is not known. */

const known = (x: number | null | undefined): x is number => x !== null && x !== undefined && Number.isFinite(x);

export function num(x: number | null | undefined, digits = 1): string {
  return known(x) ? x.toFixed(digits) : '–';
}

/** `100%`, `97.3%`: no decimals where they say nothing. Only all is 100%: what is just below is not rounded up to it. */
export function pct(share: number | null | undefined, digits = 1): string {
  if (!known(share)) return '–';
  const unit = 10 ** digits;
  const percent = share * 100;
  const text = (percent < 100 && percent > 99 ? Math.floor(percent * unit) / unit : percent).toFixed(digits);
  return `${text.replace(/\.0+$/, '')}%`;
}

export function signed(x: number | null | undefined, digits = 2): string {
  return known(x) ? `${x > 0 ? '+' : x < 0 ? '−' : ''}${Math.abs(x).toFixed(digits)}` : '–';
}

export function rate(perSecond: number | null | undefined): string {
  return known(perSecond) ? (perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toFixed(1)) : '–';
}

export function ms(x: number | null | undefined): string {
  if (!known(x)) return '–';
  return x < 1000 ? `${Math.round(x)} ms` : `${(x / 1000).toFixed(1)} s`;
}

/** `7`; `50 or more` where the list it counts has no more than `most`. */
export function atLeast(n: number, most: number): string {
  return n < most ? String(n) : `${n} or more`;
}

/** `0:42`, `12:05`, `3:04:05`: what is left or gone by. */
export function countdown(msLeft: number): string {
  const s = Math.max(0, Math.round(msLeft / 1000));
  const pad = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  return h > 0 ? `${h}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}` : `${Math.floor(s / 60)}:${pad(s % 60)}`;
}

/** `just now`, `42 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function ago(since: number): string {
  const s = Math.max(0, since / 1000);
  if (s < 2) return 'just now';
  if (s < 120) return `${Math.round(s)} s ago`;
  if (s < 7200) return `${Math.round(s / 60)} min ago`;
  if (s < 172_800) return `${Math.round(s / 3600)} h ago`;
  return `${Math.round(s / 86_400)} d ago`;
}

export function timeOfDay(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** How well: the class that colours it. */
export type Health = 'good' | 'warn' | 'bad' | 'idle';
export function healthOf(goodRatio: number | undefined): Health {
  if (goodRatio === undefined) return 'idle';
  return goodRatio >= 0.99 ? 'good' : goodRatio >= 0.9 ? 'warn' : 'bad';
}
