import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { DeltaDiscoveryRequestSchema } from '../../../control-plane/envoy/protos/gen/envoy/service/discovery/v3/discovery_pb.js';
import { typeUrls } from '../../../control-plane/xds/type-urls.ts';
import { dataFrames, frame, frameTypes, windows } from '../client/frames.ts';
import type { Target } from '../client/proxy.ts';
import { SimulatedProxy } from '../client/proxy.ts';
import { firstRequest, Requests } from '../client/requests.ts';
import type { Closable } from './repeated.ts';
import { Repeated } from './repeated.ts';

/** Ways in which a client can do a server harm. */
export const hostilities = ['stalled', 'churning', 'garbage', 'greedy'] as const;
export type Hostility = (typeof hostilities)[number];

/** Opens the bad client with this number; it calls `onDone` whenever it has done its worst once. */
export type OpenHostile = (target: Target, index: number, onDone: () => void) => Closable;

const ignore = () => {};
const hello = ({ protocol }: Target, index: number) => firstRequest(protocol, `proxy/hostile-${index}`, typeUrls.CDS);

/**
 * Asks for everything and stops reading when the answer begins. Its window is small: the kernel's buffers would take the whole answer,
 * and the server would not notice.
 */
const stalled: OpenHostile = (target, index, onDone) => {
  let stalls = false;
  const proxy = new SimulatedProxy(
    target,
    hello(target, index),
    {
      onAnswer: ignore,
      onLost: ignore,
      onBytes: () => {
        if (stalls) return;
        stalls = true;
        proxy.stall();
        onDone();
      },
    },
    windows.smallest,
  );
  return proxy;
};

/** Asks for everything, hangs up when the answer begins, and comes again. */
const churning: OpenHostile = (target, index, onDone) =>
  new Repeated((over) => {
    const proxy = new SimulatedProxy(target, hello(target, index), {
      onAnswer: ignore,
      onLost: over,
      onBytes: over,
    });
    return proxy;
  }, onDone);

const noise = randomBytes(64 * 1024);
/** A message that says it is 4 GiB long. */
const endless = frame(
  frameTypes.data,
  0,
  1,
  Buffer.concat([Buffer.from([0, 255, 255, 255, 255]), noise.subarray(0, 8192)]),
);

/** Sends, in turn, what is not HTTP/2, what is not the message it should be, and what is longer than anything may be. */
const garbage: OpenHostile = (target, _, onDone) => {
  let turn = 0;
  const call = (first: Buffer) => (over: () => void) =>
    new SimulatedProxy(target, first, { onAnswer: ignore, onLost: over });
  const turns = [
    (over: () => void) => {
      const socket = connect({ host: '127.0.0.1', port: target.port, localAddress: target.localAddress });
      socket.on('error', ignore).on('close', over).resume().end(noise);
      return { close: () => socket.destroy() };
    },
    call(dataFrames(noise.subarray(0, 4096))),
    call(endless),
  ];
  return new Repeated((over) => turns[turn++ % turns.length]!(over), onDone);
};

const LIST_NAMES = 20_000;
/** Subscriptions to names that do not exist, 1.2 MiB each. */
let lists: readonly Buffer[] | undefined;
const makeLists = () =>
  [0, 1].map((list) => {
    const names = Array.from(
      { length: LIST_NAMES },
      (_, i) => `outbound|8080||service-${list}-${i}.nowhere.svc.cluster.local`,
    );
    const request = { typeUrl: typeUrls.CDS, resourceNamesSubscribe: names };
    return dataFrames(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request)));
  });

/** Asks for huge lists of names, as fast as the server takes them; comes again when it is thrown out. */
const greedy: OpenHostile = (target, index, onDone) => {
  lists ??= makeLists();
  const requests = new Requests(target.protocol);
  return new Repeated((over) => {
    let list = 0;
    const proxy = new SimulatedProxy(target, hello(target, index), {
      onAnswer: (answer) => proxy.send(requests.ack(answer, [])),
      onLost: over,
    });
    const timer = setInterval(() => {
      if (!proxy.flushed) return;
      if (list > 0) onDone();
      proxy.send(lists![list++ % lists!.length]!);
    }, 10);
    return {
      close: () => {
        clearInterval(timer);
        proxy.close();
      },
    };
  }, ignore);
};

export const openHostile: Readonly<Record<Hostility, OpenHostile>> = { stalled, churning, garbage, greedy };
