import type { Snapshot } from '../mesh/snapshot.ts';
import { type Plane, type PlaneStatus, type SeenWorld, seenWorlds } from './plane.ts';

/** One probed fact. Everything that does not pass says what to do. */
export interface Check {
  readonly name: string;
  readonly state: 'pass' | 'warn' | 'fail';
  readonly detail: string;
  readonly hint?: string;
}

/** Metrics come once a second; this many missed in a row is silence. */
const SILENT_MS = 5_000;

/** Probes data, not processes: what came in, what was acknowledged, what was copied, what can be written. */
export function checkPlane(plane: Plane): Check[] {
  const now = plane.clock.now();
  const status = plane.status();
  const present = seenWorlds.filter((w) => status.worlds[w].present);
  return [
    ...present.flatMap((world) => [
      metricsCheck(world, status, now),
      xdsCheck(world, status),
      pictureCheck(world, status, plane.latest(world), now),
    ]),
    ...shadowChecks(plane, status),
    policyCheck(status),
    storeCheck(plane.storeProblem()),
    ...Object.values(status.notes).map(
      (note): Check => ({ name: 'note', state: 'warn', detail: note, hint: 'Read the log.' }),
    ),
  ];
}

const list = (ids: readonly string[]) =>
  ids.slice(0, 5).join(', ') + (ids.length > 5 ? ` and ${ids.length - 5} more` : '');

function metricsCheck(world: SeenWorld, status: PlaneStatus, now: number): Check {
  const name = `${world}: metrics arrive from every sidecar`;
  const nodes = status.xds.nodes.filter((n) => n.world === world);
  if (nodes.length === 0) {
    return {
      name,
      state: 'fail',
      detail: 'no sidecar is known',
      hint: 'Each replica is started with its own: wait some seconds after the start, then read the control plane’s log.',
    };
  }
  const silent = nodes.filter((n) => n.metricsAt === undefined || now - n.metricsAt > SILENT_MS).map((n) => n.id);
  if (silent.length === 0)
    return { name, state: 'pass', detail: `${nodes.length} of ${nodes.length} in the last ${SILENT_MS / 1000} s` };
  return {
    name,
    state: 'fail',
    detail: `${silent.length} of ${nodes.length} are silent: ${list(silent)}`,
    hint: 'Their Envoy sends them to its cluster “umbra_xds”, by which its configuration comes as well: read its log, SERVICE.REPLICA.envoy.log.',
  };
}

function xdsCheck(world: SeenWorld, status: PlaneStatus): Check {
  const name = `${world}: configuration is acknowledged`;
  const nodes = status.xds.nodes.filter((n) => n.world === world);
  const refused = nodes.filter((n) => n.lastNack !== undefined && !n.acknowledged);
  if (refused.length > 0) {
    const { id, lastNack } = refused[0]!;
    return {
      name,
      state: 'fail',
      detail: `${id} refused ${lastNack!.type} ${list(lastNack!.names)}: ${lastNack!.detail}`,
      hint: 'The last good configuration stays in force there. Report the detail: what we send should never be refused.',
    };
  }
  const away = nodes.filter((n) => !n.connected).map((n) => n.id);
  if (away.length > 0) {
    return {
      name,
      state: 'fail',
      detail: `not connected: ${list(away)}`,
      hint: 'Read that Envoy’s log; it keeps its last configuration meanwhile.',
    };
  }
  const behind = nodes.filter((n) => !n.acknowledged).map((n) => n.id);
  if (behind.length > 0) {
    return {
      name,
      state: 'warn',
      detail: `waiting for ${list(behind)}`,
      hint: 'Ask again in a few seconds; if it stays, read that Envoy’s log.',
    };
  }
  if (nodes.length === 0)
    return { name, state: 'fail', detail: 'no sidecar is known', hint: 'See the line on metrics.' };
  return { name, state: 'pass', detail: `${nodes.length} of ${nodes.length} sidecars` };
}

function pictureCheck(world: SeenWorld, status: PlaneStatus, latest: Snapshot | undefined, now: number): Check {
  const name = `${world}: the picture is fresh and complete`;
  if (!latest)
    return {
      name,
      state: 'fail',
      detail: 'there has been no window yet',
      hint: 'Wait some seconds after the start; then see the lines above.',
    };
  const age = now - latest.at;
  if (age > SILENT_MS) {
    return {
      name,
      state: 'fail',
      detail: `the newest window is ${Math.round(age / 1000)} s old`,
      hint: 'The collector stands still; read the control plane’s log.',
    };
  }
  const lacking = [...latest.gaps, ...status.worlds[world].notes];
  if (lacking.length > 0)
    return { name, state: 'warn', detail: lacking.join('; '), hint: 'Decisions leave out what is not seen.' };
  if (latest.entry.offered === 0) {
    return {
      name,
      state: 'warn',
      detail: 'no request in the last window',
      hint: 'Send traffic to the entry: nothing is learned without.',
    };
  }
  return {
    name,
    state: 'pass',
    detail: `${latest.entry.offered.toFixed(1)} requests/s, ${latest.entry.good.toFixed(1)} good`,
  };
}

function shadowChecks(plane: Plane, status: PlaneStatus): Check[] {
  const shadow = status.worlds.shadow;
  if (!shadow.present) {
    const detail = shadow.notes.join('; ') || 'there is no Shadow document';
    return [
      {
        name: 'shadow',
        state: 'warn',
        detail,
        hint: 'Production is watched and healed without learning. Add a Shadow document.',
      },
    ];
  }
  const mirror = plane.mirror();
  const dropped = Object.values(mirror.dropped).reduce((a, b) => a + b, 0);
  const offered = plane.latest('shadow')?.entry.offered ?? 0;
  // Without users there is nothing to copy, which is no failure of the mirror.
  const idle = mirror.alive && (plane.latest('production')?.entry.offered ?? 0) === 0;
  const traffic: Check =
    mirror.mirrored > 0 && offered > 0
      ? {
          name: 'shadow: mirrored traffic arrives',
          state: 'pass',
          detail: `${mirror.mirrored} copies, ${dropped} dropped, ${offered.toFixed(1)}/s now`,
        }
      : {
          name: 'shadow: mirrored traffic arrives',
          state: idle ? 'warn' : 'fail',
          detail: idle
            ? 'production has no request to copy'
            : (mirror.note ??
              (mirror.mirrored === 0 ? 'nothing was ever copied' : 'copies are sent but none arrives now')),
          hint: mirror.alive
            ? 'Is there traffic in production, and is mirror.percent above 0? Dropped and skipped copies are counted by reason in `umbra status`.'
            : 'The mirror filter is dead or not installed; it is revived at most 3 times an hour. Read the ingress Envoy’s log.',
        };
  const escapes = Object.entries(status.denied).filter(([, n]) => n > 0);
  const denied = escapes.length > 0 ? `; denied so far: ${escapes.map(([what, n]) => `${what} ${n}`).join(', ')}` : '';
  const isolation: Check =
    shadow.isolation === 'namespaces'
      ? { name: 'shadow: isolated', state: 'pass', detail: `own namespaces${denied}` }
      : {
          name: 'shadow: isolated',
          state: 'warn',
          detail: `by declaration only${denied}`,
          hint: 'Nothing but the services’ own configuration keeps the shadow from production. Allow user namespaces to wall it in.',
        };
  return [traffic, isolation];
}

function policyCheck(status: PlaneStatus): Check {
  const { kind, version, notes } = status.policy;
  if (kind === 'onnx' && notes.length === 0) return { name: 'policy: model loaded', state: 'pass', detail: version };
  return {
    name: 'policy: model loaded',
    state: kind === 'onnx' ? 'warn' : 'fail',
    detail: notes.join('; ') || `the static policy ${version} decides`,
    hint: 'The static policy decides until a good model is given; `npm run train` makes one.',
  };
}

function storeCheck(problem: string | undefined): Check {
  const name = 'store: writable';
  if (problem === undefined) return { name, state: 'pass', detail: 'written and read back' };
  return {
    name,
    state: 'fail',
    detail: problem,
    hint: 'Is the disk full, the file locked, or not ours? Until mended, a restart forgets what is new.',
  };
}
