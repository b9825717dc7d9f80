/** Text for terminals. Pure: colours are decided by whoever prints. */

/** `340 ms`, `12 s`, `4 min`, `3 h`, `2 d`. */
export function duration(ms: number): string {
  const abs = Math.abs(ms);
  if (abs < 1000) return `${Math.round(ms)} ms`;
  if (abs < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (abs < 120_000) return `${Math.round(ms / 1000)} s`;
  if (abs < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (abs < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** `97.3%`; a dash for what is not a number. Only all is 100.0%: what is just below is not rounded up to it. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '–';
  const text = (share * 100).toFixed(1);
  return text === '100.0' && share < 1 ? '99.9%' : `${text}%`;
}

/** A number to `digits` decimals; a dash for what is not a number. */
export function number(x: number | null | undefined, digits = 1): string {
  return x === null || x === undefined || !Number.isFinite(x) ? '–' : x.toFixed(digits);
}

/** `1 incident`, `2 incidents`. */
export function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** With its sign: `+0.213`. */
export function signed(x: number | null | undefined, digits = 3): string {
  const text = number(x, digits);
  return text === '–' || text.startsWith('-') ? text : `+${text}`;
}

/** Time of day, local. */
export function clockTime(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

/** Columns aligned to their widest cell; cells of columns in `right` are aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, visible(cell));
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => {
          const pad = ' '.repeat(widths[i]! - visible(cell));
          return right.includes(i) ? pad + cell : cell + pad;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters and take no room
const COLOUR = /\x1b\[\d+m/g;
const visible = (text: string) => text.replace(COLOUR, '').length;

export interface Paint {
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** Colours, or none where the output is no terminal or NO_COLOR is set. */
export function paint(colours: boolean): Paint {
  const wrap = (code: number) => (text: string) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { good: wrap(32), warn: wrap(33), bad: wrap(31), dim: wrap(2), bold: wrap(1) };
}

/**
 * Text from elsewhere (names, reasons, proxies' messages) with control characters made visible, so that it cannot move the
 * cursor or recolour the terminal.
 */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are the danger
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
