// Root contexts: one per configuration, all in one VM; the old one lives until its streams end. Each has a record of its role's
// own kind, which begins with what stands here, and its configuration in a region that goes with it.
import { give, take } from './heap';
import { drop, Region } from './region';
import { find, put, remove, Table } from './table';

@unmanaged
export class AnyRoot {
  id: u32;
  /** 0 = not configured, or refused. */
  region: usize;
}

const roots = changetype<Table>(memory.data(offsetof<Table>(), 8));

// A stream's context is created right before its headers come, so remembering the last one does for all.
let newest: u32 = 0;
let newestRoot: usize = 0;

/**
 * A context was created: a root's (`parent` 0), whose record of `size` bytes is cleared, or a stream's.
 * @returns whether it is a stream's
 */
export function contextCreated(id: u32, parent: u32, size: usize): bool {
  if (parent != 0) {
    newest = id;
    newestRoot = find(roots, parent);
    return true;
  }
  const p = take(size);
  if (p == 0) return false;
  memory.fill(p, 0, size);
  changetype<AnyRoot>(p).id = id;
  if (!put(roots, id, p)) give(p, size);
  return false;
}

/** The record of a root context, or 0. */
@inline
export function rootOfId(id: u32): usize {
  return find(roots, id);
}

/** The root of the stream whose headers have come; 0 if there is none. */
@inline
export function rootOfNewStream(id: u32): usize {
  return id == newest ? newestRoot : 0;
}

/** A context is gone. Returns the root's record, for {@link freeRoot} when its role has let go of the rest; 0 for a stream's. */
export function rootDeleted(id: u32): usize {
  const p = remove(roots, id);
  if (p != 0 && newestRoot == p) newestRoot = 0;
  return p;
}

export function freeRoot(root: usize, size: usize): void {
  freeConfiguration(root);
  give(root, size);
}

/** Lets go of a configuration, a refused one for instance. */
export function freeConfiguration(root: usize): void {
  const r = changetype<AnyRoot>(root);
  if (r.region != 0) drop(changetype<Region>(r.region));
  r.region = 0;
}
