import cytoscape, { type Core, type StylesheetJson } from 'cytoscape';
import { useEffect, useRef } from 'preact/hooks';
import type { Lease } from '../../../control-plane/mesh/lease.ts';
import { endsOf, type Topology } from '../../../control-plane/mesh/topology.ts';
import { fade, type Theme } from '../lib/theme.ts';
import { MARGIN, NODE_HEIGHT, staticElements } from './graph-layout.ts';
import { badges, looks, type Seen } from './graph-looks.ts';

interface Props {
  readonly topology: Topology;
  readonly view: Seen & { readonly leases: readonly Lease[] };
  readonly theme: Theme;
  readonly onSelect: (id: string | undefined) => void;
  readonly label: string;
}

/** From this many services on the picture may be moved and zoomed; a small one stands still. */
const LARGE = 24;

/** One world's graph. Drawn once for a topology and a theme; each window only changes what it shows. */
export function Graph(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const core = useRef<Core>(undefined);
  const { topology, view, theme, label } = props;
  const shape = JSON.stringify([Object.keys(topology.services), Object.keys(topology.edges)]);
  const select = useRef(props.onSelect);
  select.current = props.onSelect;
  const update = useRef(() => {});
  update.current = () => {
    if (core.current) show(core.current, props);
  };

  useEffect(() => {
    const element = host.current!;
    const large = Object.keys(topology.services).length >= LARGE;
    const cy = cytoscape({
      container: element,
      style: styles(theme),
      autoungrabify: true,
      boxSelectionEnabled: false,
      userZoomingEnabled: large,
      userPanningEnabled: large,
      minZoom: 0.15,
      maxZoom: 1.6,
    });
    core.current = cy;
    const draw = () => {
      cy.elements().remove();
      cy.add(staticElements(topology, { width: element.clientWidth, height: element.clientHeight }));
      cy.resize();
      update.current();
      cy.fit(cy.nodes('[kind != "badge"]'), MARGIN);
      if (cy.zoom() > 1) {
        cy.zoom(1);
        cy.center();
      }
    };
    draw();
    cy.on('tap', (e) => {
      const id = e.target === cy ? undefined : (e.target.data('on') ?? e.target.id());
      select.current(id);
    });
    cy.on('mouseover', 'node, edge', () => {
      element.style.cursor = 'pointer';
    });
    cy.on('mouseout', 'node, edge', () => {
      element.style.cursor = '';
    });
    const sized = new ResizeObserver(draw);
    sized.observe(element);
    return () => {
      sized.disconnect();
      cy.destroy();
      core.current = undefined;
    };
  }, [shape, theme]);
  useEffect(() => update.current(), [view]);

  return <div class="graph" ref={host} role="img" aria-label={label} />;
}

function show(cy: Core, { topology, view, theme }: Props): void {
  cy.batch(() => {
    for (const [id, look] of looks(topology, view, theme)) cy.getElementById(id).data(look);
    cy.nodes('[kind = "badge"]').remove();
    const taken = new Map<string, number>();
    for (const badge of badges(view.leases, theme)) {
      const target = cy.getElementById(badge.on);
      if (target.empty()) continue;
      const isNode = target.isNode();
      const [caller, callee] = isNode ? ['', ''] : endsOf(badge.on as `${string}>${string}`);
      const already = taken.get(badge.on) ?? 0;
      taken.set(badge.on, already + 1);
      const at = isNode
        ? cy.getElementById(badge.on).position()
        : middle(cy.getElementById(caller).position(), cy.getElementById(callee).position());
      const above = isNode ? 28 : 20;
      cy.add({
        data: { id: badge.id, on: badge.on, kind: 'badge', label: badge.text, color: badge.color },
        position: { x: at.x, y: at.y - above - already * 17 },
      });
    }
  });
}

const middle = (a: { x: number; y: number }, b: { x: number; y: number }) => ({
  x: (a.x + b.x) / 2,
  y: (a.y + b.y) / 2,
});

function styles(theme: Theme): StylesheetJson {
  const font = { 'font-family': 'system-ui, -apple-system, Segoe UI, Roboto, sans-serif' };
  return [
    {
      selector: 'node',
      style: {
        ...font,
        shape: 'round-rectangle',
        width: 'data(room)' as never,
        height: NODE_HEIGHT,
        'background-color': theme.panel,
        'border-width': 1.5,
        'border-color': theme.faint,
        label: 'data(name)',
        color: theme.text,
        'font-size': 11,
        'text-wrap': 'wrap',
        'text-valign': 'center',
        'text-halign': 'center',
        'line-height': 1.25,
      },
    },
    {
      selector: 'node[label]',
      style: { label: 'data(label)', 'border-color': 'data(color)', 'border-width': 'data(width)' as never },
    },
    { selector: 'node[kind = "ingress"]', style: { shape: 'round-diamond', height: 46, 'font-size': 10.5 } },
    { selector: 'node[kind = "external"]', style: { 'border-style': 'dashed' } },
    {
      selector: 'node[kind = "badge"]',
      style: {
        width: 'label' as never,
        height: 13,
        padding: '2px',
        'background-color': 'data(color)',
        'background-opacity': 1,
        'border-width': 0,
        color: theme.panel,
        'font-size': 9.5,
        'font-weight': 600,
        'z-index': 20,
      },
    },
    {
      selector: 'edge',
      style: {
        ...font,
        'curve-style': 'straight',
        width: 1.2,
        'line-color': theme.faint,
        'target-arrow-shape': 'triangle',
        'target-arrow-color': theme.faint,
        'arrow-scale': 0.8,
      },
    },
    {
      selector: 'edge[label]',
      style: {
        width: 'data(width)' as never,
        'line-color': 'data(color)',
        'target-arrow-color': 'data(color)',
        'line-opacity': 'data(opacity)' as never,
        label: 'data(label)',
        color: 'data(text)',
        'font-size': 9.5,
        'text-wrap': 'wrap',
        'line-height': 1.15,
        'text-background-color': theme.panel,
        'text-background-opacity': 0.88,
        'text-background-padding': '1.5px',
        'z-index': 10,
      },
    },
    { selector: 'edge[kind = "optional"]', style: { 'line-style': 'dashed' } },
    {
      selector: 'edge[kind = "spare"]',
      style: { 'line-style': 'dotted', 'line-color': fade(theme.muted, 0.6), 'target-arrow-shape': 'none', width: 1.4 },
    },
    { selector: ':active', style: { 'overlay-color': theme.accent, 'overlay-opacity': 0.12 } },
  ] as StylesheetJson;
}
