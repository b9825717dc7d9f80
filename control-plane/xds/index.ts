export { byCertificate } from './authorise.ts';
export type { CredentialFiles, WatchedCredentials } from './credential-files.ts';
export { watchCredentials } from './credential-files.ts';
export type { TlsMaterial } from './credentials.ts';
export { Credentials } from './credentials.ts';
export type {
  AckEvent,
  AuditEvent,
  ConnectEvent,
  NackEvent,
  SentEvent,
  StreamEvent,
  TurnedAwayEvent,
  XdsEvents,
} from './events.ts';
export type { ExtraService } from './extra-service.ts';
export { configDump } from './inspect/config-dump.ts';
export type { Inspect } from './inspect/inspector.ts';
export type { Inconsistency, LayeredNodesOptions } from './layered-nodes.ts';
export { LayeredNodes } from './layered-nodes.ts';
export type { Layer, NodeName, NodeSelector } from './layers.ts';
export type { Limits } from './limits.ts';
export type { ClusterLoad, EndpointLoad, Load, LoadReport, LoadReportOptions, LocalityLoad } from './load-reports.ts';
export { createXdsMetrics } from './metrics.ts';
export type { Nack } from './node.ts';
export type { Authorise, CredentialScope, Identity, Peer } from './peer.ts';
export type { ListenerScope, Resource } from './resource.ts';
export type { RefusedResource } from './resource-set.ts';
export { ResourceSet } from './resource-set.ts';
export { createManagementServer, ManagementServer } from './server.ts';
export type { Counters, ListenOptions, ManagementServerOptions, XdsLogger } from './server-options.ts';
export type { Settlement } from './settle.ts';
export type { NodeStatus, TypeStatus } from './status.ts';
export { shortName, typeUrls } from './type-urls.ts';
