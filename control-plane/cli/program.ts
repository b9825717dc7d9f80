import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { Report } from '../api/report.schema.ts';
import { defaultTtlMs } from '../api/schemas/orders.ts';
import type { MitigationKind } from '../mesh/mitigation.ts';
import { mitigationKinds } from '../mesh/mitigation.ts';
import type { Mode } from '../mesh/record.ts';
import { describeRange } from '../mesh/strength.ts';
import { createClient } from './client.ts';
import { type BootstrapRequest, bootstrapCommand } from './commands/bootstrap.ts';
import { explainSchema, kinds, printReport, readReport } from './commands/files.ts';
import * as look from './commands/look.ts';
import { cancelOrder, listOrders, type OrderOptions, order } from './commands/orders.ts';
import { type ConnectionOptions, findConnection } from './connection.ts';
import { parseDuration, parsePort } from './duration.ts';
import type { Terminal } from './terminal.ts';
import { duration, table } from './text/words.ts';
import { xdsCommands } from './xds/program.ts';

type Common = ConnectionOptions & { json?: boolean };

const whole = (text: string): number => {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('Give a whole number above 0.');
  return Number(text);
};
const index = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number, 0 or above.');
  return Number(text);
};
const strength = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Give a number, 0 or above.');
  return value;
};
const apiText = 'address of the API (default: UMBRA_API, or the running application)';
const targetOf = (text: string) => (text.includes('>') ? { edge: text as `${string}>${string}` } : { service: text });

/** The `umbra` command. `done` is given each command's exit code. */
export function createProgram(terminal: Terminal, version: string, done: (code: number) => void): Command {
  const program = new Command('umbra')
    .description('A self-healing shadow for service meshes: breaks the shadow, learns what heals, heals production.')
    .version(version)
    // `umbra xds` has options of its own that its commands have too.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    });

  const clientOf = (options: Common) => createClient(findConnection(options, terminal.env));
  /** A command that asks the API. */
  const asking = (parent: Command, nameAndArguments: string, description: string) =>
    parent
      .command(nameAndArguments)
      .description(description)
      .option('--api <address>', apiText)
      .option('--json', 'print JSON');
  const looking = (options: Common): look.Look => ({
    client: clientOf(options),
    terminal,
    json: options.json === true,
  });

  program
    .command('up')
    .description('start production, its shadow and the control plane for the processes of an application file')
    .requiredOption('-f, --file <path>', 'the application file')
    .option('--for <time>', 'end by itself after this time: 30s, 10m, 2h', parseDuration)
    .option('--port <port>', 'where users enter (default: as the file says, or a free port)', parsePort)
    .option('--api-port <port>', 'where the API and the dashboard listen (default: a free port)', parsePort)
    .option('--home <folder>', 'where data is kept (default: UMBRA_HOME, or ~/.umbra)')
    .action(async (options: { file: string; for?: number; port?: number; apiPort?: number; home?: string }) => {
      const { runUp } = await import('./up.ts');
      done(await runUp(options));
    });

  asking(
    program,
    'check',
    'probe what arrives, what is acknowledged, the shadow’s walls, the model and the store; exits with 1 where one fails',
  ).action(async (o: Common) => done(await look.check(looking(o))));
  asking(program, 'status', 'both worlds, orders, budget, learning')
    .option('--watch', 'again each second, until Ctrl-C')
    .action(async (o: Common & { watch?: boolean }) =>
      done(await (o.watch ? look.watch(looking(o), terminal.stop) : look.status(looking(o)))),
    );
  asking(program, 'patterns', 'plans that healed, with their evidence').action(async (o: Common) =>
    done(await look.patterns(looking(o))),
  );
  asking(program, 'incidents', 'incidents in production, newest first')
    .option('--limit <n>', 'at most so many', whole, 20)
    .action(async (o: Common & { limit: number }) => done(await look.incidents(looking(o), o.limit)));
  asking(program, 'explain <incident>', 'every decision of an incident: why this and not that').action(
    async (id: string, o: Common) => done(await look.explain(looking(o), id)),
  );

  program
    .command('report [file]')
    .description('print a run’s report.json for people; without a file, the report of what runs now')
    .option('--api <address>', apiText)
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, o: Common) => {
      const report = file === undefined ? await clientOf(o).get<Report>('/report') : readReport(file);
      done(printReport(report, terminal, o.json === true));
    });

  program
    .command('bootstrap')
    .description(
      'print the Envoy bootstrap that joins a sidecar to `umbra xds` or a management server of your own; under `umbra up` every replica has its sidecar',
    )
    .requiredOption('--service <name>', 'the service the sidecar stands beside')
    .option('--replica <n>', 'which of its replicas', index, 0)
    .option('--xds <address>', 'unix:/path or host:port of the management server; needed')
    .option('--admin <address>', 'where that Envoy’s admin interface shall listen', '127.0.0.1:9901')
    .option(
      '--tls-cert <path>',
      'the sidecar’s certificate, PEM; with --tls-key and --tls-ca: mutual TLS, taken anew without a restart',
    )
    .option('--tls-key <path>', 'its key')
    .option('--tls-ca <path>', 'who vouches for the management server’s certificate')
    .option('--tls-name <name>', 'DNS name, IP address or URI in that certificate (default: the host of --xds)')
    .option('--tls-sds <folder>', 'where to write the files that lead Envoy to them (default: beside the certificate)')
    .option('--json', 'accepted for symmetry: it is JSON anyway')
    .action(async (o: BootstrapRequest) => done(await bootstrapCommand(o, terminal)));

  program
    .command('explain-schema <kind>')
    .description(`print the JSON schema of a kind: ${Object.keys(kinds).join(', ')}`)
    .option('--json', 'accepted for symmetry: it is JSON anyway')
    .action((kind: string) => done(explainSchema(kind, terminal)));

  xdsCommands(program, terminal, version, done);

  overrideCommands(
    asking,
    program.command('override').description('standing orders: they beat the policy always'),
    looking,
    done,
  );
  return program;
}

/** What an operator has to know to pin a mitigation. */
const kindsText = `
Kinds, what they apply to, and their strengths:
${table(
  Object.entries(mitigationKinds).map(([kind, { target, unit }]) => [
    `  ${kind}`,
    target,
    describeRange(kind as MitigationKind),
    unit,
  ]),
)}

  umbra override pin retry 'web>cart' 0`;

type Asking = (parent: Command, nameAndArguments: string, description: string) => Command;
type OrderFlags = Common & { reason?: string; for?: number; by?: string };

function overrideCommands(
  asking: Asking,
  parent: Command,
  looking: (o: Common) => look.Look,
  done: (code: number) => void,
): void {
  const ordering = (nameAndArguments: string, description: string) =>
    asking(parent, nameAndArguments, description)
      .option('--token <token>', 'the API token (default: UMBRA_TOKEN, or the token file)')
      .option('--reason <text>', 'why, for the audit log')
      .option('--by <name>', 'who, for the audit log (default: the user)');
  /** With how long it stands where nobody says. */
  const lasting = (command: Command, type: keyof typeof defaultTtlMs, stands = 'how long it stands') =>
    command.option('--for <time>', `${stands}: 10m, 2h, 1d (default: ${duration(defaultTtlMs[type])})`, parseDuration);
  const options = (o: OrderFlags): OrderOptions => ({
    ...(o.reason === undefined ? {} : { reason: o.reason }),
    ...(o.for === undefined ? {} : { ttlMs: o.for }),
    ...(o.by === undefined ? {} : { by: o.by }),
  });

  lasting(
    ordering(
      'freeze [service]',
      'no new mitigation: of a service, or of everything; of everything, the shadow is not broken either',
    ),
    'freeze',
  ).action(async (service: string | undefined, o: OrderFlags) =>
    done(await order(looking(o), { type: 'freeze', ...(service === undefined ? {} : { service }) }, options(o))),
  );
  lasting(ordering('mode', 'what Umbra may do to a service in production'), 'mode')
    .argument('<service>')
    .addArgument(new Argument('<mode>').choices(['off', 'observe', 'approve', 'auto']))
    .action(async (service: string, mode: Mode, o: OrderFlags) =>
      done(await order(looking(o), { type: 'mode', service, mode }, options(o))),
    );
  lasting(ordering('pin', 'keep a mitigation in force: pin scale payments 1'), 'pin')
    .addArgument(new Argument('<kind>').choices(Object.keys(mitigationKinds)))
    .argument('<target>', "'caller>callee', in quotes, or a service")
    .argument('<strength>', 'in the kind’s unit', strength)
    .addHelpText('after', kindsText)
    .action(async (kind: MitigationKind, target: string, value: number, o: OrderFlags) =>
      done(
        await order(
          looking(o),
          { type: 'pin', mitigation: { kind, target: targetOf(target), strength: value } },
          options(o),
        ),
      ),
    );
  lasting(
    ordering('forbid <what>', "never this kind, or kind@target: retry, 'retry@web>cart' (in quotes)"),
    'forbid',
  ).action(async (what: string, o: OrderFlags) => done(await order(looking(o), { type: 'forbid', what }, options(o))));
  lasting(
    ordering('undo <lease>', 'take a mitigation back now; `umbra status` shows what is in force'),
    'undo',
    'how long Umbra does not do the same again',
  ).action(async (lease: string, o: OrderFlags) => done(await order(looking(o), { type: 'undo', lease }, options(o))));
  ordering('approve <decision>', 'carry out a decision that waits for approval').action(
    async (decision: string, o: OrderFlags) => done(await order(looking(o), { type: 'approve', decision }, options(o))),
  );
  asking(parent, 'list', 'what stands').action(async (o: Common) => done(await listOrders(looking(o))));
  asking(parent, 'cancel <id>', 'take a standing order back')
    .addOption(new Option('--token <token>', 'the API token (default: UMBRA_TOKEN, or the token file)'))
    .option('--by <name>', 'who, for the audit log (default: the user)')
    .action(async (id: string, o: Common & { by?: string }) => done(await cancelOrder(looking(o), id, o.by)));
}
