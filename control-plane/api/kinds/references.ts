import { INGRESS } from '../../mesh/topology.ts';
import type { Application, Health, ServiceSpec } from './application.ts';
import { addressOf } from './scalars.ts';

const TAKEN = `the name ${INGRESS} is taken by the users’ entry`;

/** Names that a schema cannot check: every call, failover and template must point at something that is there. */
export function references(application: Application): [path: string[], message: string][] {
  const problems: [string[], string][] = [];
  const { services, externals = {}, entry } = application.spec;
  const known = new Set([...Object.keys(services), ...Object.keys(externals)]);
  if (!services[entry.service])
    problems.push([['spec', 'entry', 'service'], `entry.service ${entry.service} is not among the services`]);
  const health = healthProblem(entry.health, services[entry.service]?.protocol);
  if (health) problems.push([['spec', 'entry', 'health'], `entry: ${health}`]);
  for (const [name, { url }] of Object.entries(externals)) {
    const at = ['spec', 'externals', name];
    if (services[name]) problems.push([at, `${name} is a service already`]);
    if (name === INGRESS) problems.push([at, TAKEN]);
    if (addressOf(url) === undefined) problems.push([[...at, 'url'], `${name}: ${url} is no address that can be`]);
  }
  for (const [name, service] of Object.entries(services)) {
    const at = ['spec', 'services', name];
    if (name === INGRESS) problems.push([at, TAKEN]);
    for (const callee of Object.keys(service.calls ?? {})) {
      if (!known.has(callee))
        problems.push([
          [...at, 'calls', callee],
          `${name} calls ${callee}, which is neither a service nor an external`,
        ]);
    }
    const health = healthProblem(service.health, service.protocol);
    if (health) problems.push([[...at, 'health'], `${name}: ${health}`]);
    if (service.failover !== undefined && !services[service.failover]) {
      problems.push([[...at, 'failover'], `failover ${service.failover} is not among the services`]);
    }
    if (service.failover === name) problems.push([[...at, 'failover'], `failover of ${name} is ${name} itself`]);
    const { replicas = 1, scale } = service;
    if (scale && scale.max < replicas)
      problems.push([[...at, 'scale', 'max'], `scale.max ${scale.max} is below replicas ${replicas}`]);
    if (scale?.min !== undefined && scale.min > replicas)
      problems.push([[...at, 'scale', 'min'], `scale.min ${scale.min} is above replicas ${replicas}`]);
    const texts: [string[], string][] = [
      ...service.command.map((text, i): [string[], string] => [[...at, 'command', String(i)], text]),
      ...Object.entries(service.env ?? {}).map(([key, text]): [string[], string] => [[...at, 'env', key], text]),
    ];
    for (const [path, text] of texts) {
      for (const [, template] of text.matchAll(/\{\{\s*([^}]*?)\s*\}\}/g)) {
        if (template === 'port' || template === 'replica' || template === 'data') continue;
        const peer = /^url\.(.+)$/.exec(template!)?.[1];
        if (peer === undefined)
          problems.push([path, `no template {{${template}}}; there are {{port}}, {{replica}}, {{data}}, {{url.NAME}}`]);
        else if (!service.calls?.[peer])
          problems.push([path, `{{url.${peer}}}: ${name} does not declare a call to ${peer}`]);
      }
    }
  }
  return problems;
}

/** What is wrong with how something that speaks `protocol` is to be asked for its health. */
function healthProblem(health: Health | undefined, protocol: ServiceSpec['protocol']): string | undefined {
  if (!health) return undefined;
  if ((health.path === undefined) === (health.grpc === undefined)) return 'health needs either path or grpc';
  if (health.path !== undefined && protocol === 'grpc')
    return 'health.path is HTTP’s; of what speaks gRPC ask health.grpc';
  if (health.grpc !== undefined && protocol === 'http') return 'health.grpc is of HTTP/2, its protocol is http';
  return undefined;
}
