import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Documents, parseDocuments } from '../../../api/kinds/parse.ts';
import { DocumentFollower } from './document-follower.ts';

const text = `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: shop }
spec:
  entry: { service: web, port: 8080 }
  services:
    web: { command: [web], replicas: 1 }
`;
const slower = text.replace('[web]', '[web, slowly]');
const wider = text.replace('replicas: 1', 'replicas: 2');
const elsewhere = text.replace('8080', '8081');

/** What of a document is changed here, in short. */
const named = ({ application: { spec } }: Documents) => {
  const { command, replicas } = spec.services.web!;
  return `${command!.join(' ')} ×${replicas}`;
};

/** A run of two worlds that are as the documents say at once, unless `wait` is another. */
function make() {
  const happened: string[] = [];
  const is = { text, stopped: false, wait: Promise.resolve(), restart: Promise.resolve() };
  const world = (name: string) => ({
    adopt: (documents: Documents) => void happened.push(`${name} adopts ${named(documents)}`),
    follow: async () => {
      await is.wait;
      happened.push(`${name} follows`);
    },
  });
  const worlds = [world('production'), world('shadow')];
  const follower = new DocumentFollower({
    read: () => parseDocuments(is.text, 'app.yaml'),
    worlds: () => worlds,
    restartControlPlane: async (adopt) => {
      happened.push('control plane down');
      adopt();
      await is.restart;
      happened.push('control plane ready');
    },
    onFollowed: (documents) => void happened.push(`is ${named(documents)}`),
    say: (line) => void happened.push(`says ${line.split('\n')[0]}`),
    stopped: () => is.stopped,
  });
  const reload = (changed: string) => {
    is.text = changed;
    return follower.reload();
  };
  return { happened, is, follower, reload };
}

const followed = (what: string) => [
  `production adopts ${what}`,
  `shadow adopts ${what}`,
  'production follows',
  'shadow follows',
  `is ${what}`,
];
const starting = 'says starting the control plane again, to follow the document';
/** Whatever can go on without being waited for has. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('changed documents are followed one after the other, the first once everything has started', async () => {
  const { happened, is, follower, reload } = make();
  const waited = Promise.withResolvers<void>();
  is.wait = waited.promise;
  const reloads = [reload(slower), reload(text)];
  await turn();
  assert.deepEqual(happened, []);
  assert.equal(named(follower.documents), 'web ×1');
  follower.start();
  await turn();
  assert.deepEqual(happened, followed('web slowly ×1').slice(0, 2));
  assert.equal(named(follower.documents), 'web slowly ×1');
  waited.resolve();
  await Promise.all(reloads);
  assert.deepEqual(happened, [...followed('web slowly ×1'), ...followed('web ×1')]);
});

test('what the control plane reads at its start is adopted while it is down, and followed once it is ready', async () => {
  const { happened, follower, reload } = make();
  follower.start();
  await reload(wider);
  const [production, shadow, ...rest] = followed('web ×2');
  assert.deepEqual(happened, [starting, 'control plane down', production, shadow, 'control plane ready', ...rest]);
});

test('a control plane that does not come back is said, and replicas follow all the same', async () => {
  const { happened, is, follower, reload } = make();
  follower.start();
  is.restart = Promise.reject(new Error('not ready within 60 s'));
  await reload(wider);
  const [production, shadow, ...rest] = followed('web ×2');
  const problem = 'says Error: not ready within 60 s';
  assert.deepEqual(happened, [starting, 'control plane down', production, shadow, problem, ...rest]);
});

const refused: [what: string, changed: string, says: RegExp][] = [
  ['a file with a problem', text.replace('kind: Application', 'kind: Shop'), /^says .*UMB0101.*Shop/],
  ['what a run cannot follow', elsewhere, /^says .*UMB0101.*the entry's port/],
];
for (const [what, changed, says] of refused)
  test(`${what} changes nothing and is said; the next is followed`, async () => {
    const { happened, follower, reload } = make();
    follower.start();
    await reload(changed);
    assert.match(happened[0]!, says);
    assert.equal(named(follower.documents), 'web ×1');
    await reload(slower);
    assert.deepEqual(happened.slice(1), followed('web slowly ×1'));
  });

test('of a run that was stopped no problem is said', async () => {
  const { happened, is, follower, reload } = make();
  follower.start();
  is.stopped = true;
  await reload(elsewhere);
  assert.deepEqual(happened, []);
});
