import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { HistoryPoint } from '../../../control-plane/api/history.ts';
import { assignRows, type Band } from '../lib/lanes.ts';
import { fade, type Theme } from '../lib/theme.ts';

interface Props {
  readonly points: readonly HistoryPoint[];
  readonly bands: readonly Band[];
  readonly theme: Theme;
  readonly now: number;
  readonly windowMs: number;
  /** The largest value within the window. */
  readonly most: number;
  readonly onHover: (at: number | undefined) => void;
  readonly label: string;
}

const HEIGHT = 178;
const ROW = 15;
const ROWS = 3;

/** Offered against good over time, with what was in force as bars above and shades behind. */
export function Chart(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const current = useRef(props);
  current.current = props;
  const { points, theme, now, windowMs, most } = props;

  useEffect(() => {
    const made = new uPlot(options(current, host.current!.clientWidth), [[], [], []], host.current!);
    chart.current = made;
    made.setData(dataOf(current.current));
    const sized = new ResizeObserver(() => made.setSize({ width: host.current!.clientWidth, height: HEIGHT }));
    sized.observe(host.current!);
    return () => {
      sized.disconnect();
      made.destroy();
    };
  }, [theme]);
  useEffect(() => {
    chart.current?.setData(dataOf(props));
  }, [points, props.bands, now, windowMs, most]);

  return <div class="chart" ref={host} role="img" aria-label={props.label} />;
}

function dataOf({ points, now, windowMs }: Props): uPlot.AlignedData {
  const shown = points.filter((p) => p.at >= now - windowMs - 2000);
  return [shown.map((p) => p.at / 1000), shown.map((p) => p.offered), shown.map((p) => p.good)];
}

function options(current: { current: Props }, width: number): uPlot.Options {
  const { theme } = current.current;
  const axis = { stroke: theme.muted, font: '11px system-ui, sans-serif', ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    padding: [ROW * ROWS + 10, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'umbra' }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: {
        time: true,
        range: () => [(current.current.now - current.current.windowMs) / 1000, current.current.now / 1000],
      },
      y: { range: () => [0, Math.max(1, current.current.most * 1.08)] },
    },
    axes: [
      { ...axis, size: 28, grid: { show: false }, space: 90, values: (_u, at) => at.map((s) => timeText(s)) },
      { ...axis, size: 44, space: 34, grid: { stroke: fade(theme.muted, 0.16), width: 1 } },
    ],
    series: [
      {},
      { label: 'offered', stroke: fade(theme.muted, 0.9), width: 1.25, dash: [3, 3], points: { show: false } },
      { label: 'good', stroke: theme.good, width: 1.75, fill: fade(theme.good, 0.13), points: { show: false } },
    ],
    hooks: {
      drawClear: [(u) => drawShades(u, current.current)],
      draw: [(u) => drawBars(u, current.current)],
      setCursor: [(u) => current.current.onHover(u.cursor.idx == null ? undefined : u.data[0][u.cursor.idx]! * 1000)],
    },
  };
}

const timeText = (seconds: number) => new Date(seconds * 1000).toTimeString().slice(0, 5);
const colourOf = (kind: Band['kind'], theme: Theme) => (kind === 'mitigation' ? theme.mitigation : theme.fault);

function extent(u: uPlot, band: Band, now: number): [left: number, right: number] | undefined {
  const { left, width } = u.bbox;
  const x = (at: number) => Math.min(left + width, Math.max(left, u.valToPos(at / 1000, 'x', true)));
  const [from, to] = [x(band.from), x(band.to ?? now)];
  return to - from < 0.5 ? undefined : [from, to];
}

/** Behind the lines: when something was broken or was going wrong. */
function drawShades(u: uPlot, { bands, theme, now }: Props): void {
  for (const band of bands) {
    const found = band.kind === 'mitigation' ? undefined : extent(u, band, now);
    if (!found) continue;
    u.ctx.fillStyle = fade(theme.fault, 0.1);
    u.ctx.fillRect(found[0], u.bbox.top, found[1] - found[0], u.bbox.height);
  }
}

/** Above the lines: one bar for each fault, incident and mitigation. */
function drawBars(u: uPlot, { bands, theme, now }: Props): void {
  const { ctx } = u;
  const scale = devicePixelRatio;
  const height = (ROW - 2) * scale;
  ctx.save();
  ctx.font = `${10.5 * scale}px system-ui, sans-serif`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  for (const { band, row, clearTo } of assignRows(bands, now, ROWS)) {
    const found = extent(u, band, now);
    if (!found) continue;
    const [from, to] = found;
    const width = Math.max(2 * scale, to - from);
    const top = u.bbox.top - (ROWS - row) * ROW * scale - 4 * scale;
    const colour = colourOf(band.kind, theme);
    ctx.fillStyle = fade(colour, 0.24);
    ctx.fillRect(from, top, width, height);
    ctx.fillStyle = colour;
    ctx.fillRect(from, top, Math.min(width, 2 * scale), height);
    const room = clearTo === undefined ? width : Math.min(width, u.valToPos(clearTo / 1000, 'x', true) - from);
    if (room > 34 * scale) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(from, top, room - 3 * scale, height);
      ctx.clip();
      ctx.fillStyle = theme.text;
      ctx.fillText(band.label, from + 6 * scale, top + height / 2 + 0.5 * scale);
      ctx.restore();
    }
  }
  ctx.restore();
}
