import { useEffect, useState } from 'preact/hooks';

const names = [
  'bg',
  'panel',
  'line',
  'text',
  'muted',
  'faint',
  'accent',
  'good',
  'warn',
  'bad',
  'fault',
  'mitigation',
] as const;
/** The style sheet's colours, for what is drawn on a canvas. */
export type Theme = Readonly<Record<(typeof names)[number], string>>;

function read(): Theme {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim()])) as Theme;
}

/** Follows the system between light and dark. */
export function useTheme(): Theme {
  const [theme, set] = useState(read);
  useEffect(() => {
    const media = matchMedia('(prefers-color-scheme: dark)');
    const change = () => set(read());
    media.addEventListener('change', change);
    return () => media.removeEventListener('change', change);
  }, []);
  return theme;
}

/** A colour with an opacity. */
export function fade(hex: string, opacity: number): string {
  const n = Number.parseInt(hex.slice(1), 16);
  return `rgba(${n >> 16}, ${(n >> 8) & 255}, ${n & 255}, ${opacity})`;
}
