import { parseArgs } from 'node:util';
import pino from 'pino';
import { createApi, listenOnLoopback } from './api/server.ts';
import { assets } from './assets.ts';
import { createBudget } from './chaos/budget.ts';
import { type ChaosLoop, createChaosLoop } from './chaos/chaos-loop.ts';
import { version } from './cli/version.ts';
import { createGuardian } from './guardian/guardian.ts';
import { choose } from './learning/explore.ts';
import { match, withEvidence } from './learning/patterns.ts';
import { signatureOf } from './learning/signature.ts';
import { staticPolicy } from './learning/static-policy.ts';
import { createAlerts } from './main/alerts.ts';
import { followProduction } from './main/follow-production.ts';
import { connectLocal, serveLocal } from './main/local.ts';
import { createPlane } from './main/plane.ts';
import { createPolicies } from './main/policies.ts';
import { createRefinement } from './main/refinement.ts';
import { tokenIn } from './main/token.ts';
import { wallClock } from './mesh/clock.ts';
import { UmbraError } from './mesh/errors.ts';
import type { HealthyState } from './mesh/snapshot.ts';
import { lostText, problemText } from './mesh/store.ts';
import type { World } from './mesh/world.ts';
import { createStoreMetrics } from './store/metrics.ts';
import { openStore } from './store/sqlite.ts';
import { createXdsMetrics } from './xds/index.ts';

// The control plane: the only file that knows all parts. It is a child of the supervisor, which starts it again when it dies;
// nothing is served to a proxy until the leases of before are loaded and the supervisor said what there is.

/** Exit code for what does not pass by itself: a first start that ends with it is given up (control-plane-process.ts). */
const FATAL = 78;

/** Healthy windows that the simulator is fitted to. */
const FIT_WINDOWS = 30;

const { values } = parseArgs({ options: { run: { type: 'string' } } });
if (values.run === undefined) {
  console.error('usage: main --run RUN_DIRECTORY (started by `umbra up`)');
  process.exit(2);
}
const logger = pino({ level: process.env.UMBRA_LOG ?? 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime });
const clock = wallClock;
const end = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => end.abort());

try {
  await run(values.run);
  process.exit(0);
} catch (error) {
  if (error instanceof UmbraError) {
    logger.fatal({ code: error.code, remedy: error.remedy }, error.message);
    console.error(error.toText());
    process.exit(FATAL);
  }
  logger.fatal({ err: error }, 'the control plane failed');
  process.exit(1);
}

async function run(directory: string): Promise<void> {
  const connection = await connectLocal(directory);
  const { supervisor, description, topology } = connection;
  const { application, shadow: shadowDocument } = description.documents;
  const store = openStore(description.paths.store, {
    onProblem: (problem) => logger.error(problem, problemText(problem)),
    onWritten: (lost) =>
      lost > 0 ? logger.error({ lost }, lostText(lost)) : logger.info('the store is written again, all of it'),
  });
  const token = tokenIn(description.paths.token);

  // What an earlier run knew, until this one's guardian does.
  let healthy: () => HealthyState | undefined = () => store.healthy('production');
  const local = await serveLocal(connection, {
    logger,
    clock,
    store,
    identifier: `umbra/${version()}`,
    onAudit: (event) =>
      store.audit.append({ at: event.at, by: 'xds', action: event.kind, subject: event.nodeId, detail: event }),
    healthy: () => healthy(),
  });
  const { worlds, xds, collectors } = local;

  const policies = await createPolicies({
    model: process.env.UMBRA_MODEL ?? assets.policyOnnx,
    card: process.env.UMBRA_MODEL_CARD ?? assets.policyCard,
    store,
    random: Math.random,
    onProblem: (err) => logger.error({ err }, 'a policy cannot be used'),
  });
  const alerts = createAlerts(logger);
  const refinement = await createRefinement({ policies, clock, logger });
  const learned = {
    signatureOf,
    // Patterns are what was learned: the baselines go without.
    match: (...args: Parameters<typeof match>) => (policies.decider() === 'learned' ? match(...args) : []),
    withEvidence,
    choose,
  };
  const guardian = createGuardian({
    world: worlds.production,
    store,
    clock,
    logger,
    policy: () => policies.current(),
    staticPolicy,
    learned,
    ...(policies.base ? { threshold: policies.base.card.threshold } : {}),
    verifyInShadow: async (context, candidates) =>
      policies.decider() === 'learned' ? chaos?.verify(context.diagnosis, candidates) : undefined,
    modeOf: (service) => application.spec.services[service]?.mode ?? 'observe',
    onEvent: (event) => (event.type === 'alert' ? alerts.raise('production', event) : plane.emit(event)),
  });
  healthy = guardian.healthy;
  const production = () => {
    const busy = worlds.machine()?.busy;
    return { ...guardian.state(), ...(busy === undefined ? {} : { busy }) };
  };
  const budget = createBudget({
    store,
    clock,
    topology,
    production,
    ...(shadowDocument?.spec.chaos?.budget ? { perHour: shadowDocument.spec.chaos.budget.perHour } : {}),
  });
  const follow = followProduction({
    local: { ...local, clock },
    production,
    reproducing: () => chaos?.status().reproducing ?? false,
  });
  const chaos = worlds.shadow && shadowDocument ? chaosLoop(worlds.shadow) : undefined;
  const plane = createPlane({
    application: application.metadata.name,
    version: version(),
    run: description,
    clock,
    store,
    topology,
    xds,
    registries: [createXdsMetrics(xds).registry, createStoreMetrics(store), alerts.registry],
    xdsAddress: `unix:${description.production.xdsSocket}`,
    worlds,
    collectors,
    guardian,
    ...(chaos ? { chaos } : {}),
    budget,
    policies,
    learning: () => refinement.status(),
    denied: () => ({ denied: worlds.denied(), deniedTargets: worlds.deniedTargets() }),
    mirrored: () => follow.mirrored(),
    routes: () => worlds.comparedRoutes(),
    mirrorAlive: () => worlds.mirrorAlive(),
    busy: () => worlds.machine()?.busy,
    isolation: () => (worlds.shadow ? worlds.isolation() : undefined),
    ...(description.noShadow === undefined ? {} : { noShadow: description.noShadow }),
  });

  function chaosLoop(shadow: NonNullable<typeof worlds.shadow>): ChaosLoop {
    const wanted = shadowDocument!.spec.chaos ?? {};
    return createChaosLoop({
      world: shadow,
      store,
      clock,
      logger,
      learned,
      policy: () => policies.current(),
      staticPolicy,
      budget,
      cost: follow.cost,
      onEpisode: (experience) => refinement.onEpisode(experience),
      stopped: () => {
        if (wanted.enabled === false) return 'the Shadow document turns chaos off';
        const frozen = guardian.overrides().some(({ order }) => order.type === 'freeze' && order.service === undefined);
        return frozen ? 'an operator froze everything' : undefined;
      },
      onEvent: (event) => (event.type === 'alert' ? alerts.raise('shadow', event) : plane.emit(event)),
      generator: {
        ...(wanted.faults ? { kinds: wanted.faults } : {}),
        ...(wanted.exclude ? { exclude: wanted.exclude } : {}),
      },
      ...(wanted.unfaultedShare === undefined ? {} : { unfaultedShare: wanted.unfaultedShare / 100 }),
    });
  }

  const api = await createApi({ plane, token, logger });
  const address = await listenOnLoopback(api, description.api.port);
  let specialising: Promise<void> | undefined;
  const watch = async (world: World) => {
    for await (const snapshot of world.observe(end.signal)) {
      plane.window(snapshot);
      if (snapshot.world === 'production') follow.window(snapshot);
      const now = guardian.healthy();
      const known = (now.edges[topology.entry]?.windows ?? 0) >= FIT_WINDOWS && now.goodput > 1;
      if (known && !guardian.state().incidentOpen) specialising ??= refinement.specialise(topology, now, end.signal);
    }
  };
  const running = [guardian.run(end.signal), watch(worlds.production)];
  if (worlds.shadow) running.push(watch(worlds.shadow));
  // Production is watched on whatever becomes of the shadow's loop.
  if (chaos)
    running.push(
      chaos.run(end.signal).catch((err) => logger.error({ err }, 'the shadow is not broken any more: its loop failed')),
    );
  await supervisor.call('ready', { dashboard: `${address}/`, api: address });
  logger.info({ address }, 'ready');

  await Promise.all(running);
  await specialising;
  await api.close();
  await local.close();
  await refinement.close();
  store.close();
}
