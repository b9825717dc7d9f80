import { give, take } from './heap';

/** u32 → pointer, open addressing with linear probing; key 0 is not allowed (context ids and call tokens are not 0). */
@unmanaged
export class Table {
  slots: usize;
  mask: u32;
  count: u32;
}

@inline
function home(t: Table, key: u32): u32 {
  return (key * 0x9e3779b1) & t.mask;
}

/** The value, or 0. Nothing is read when the table is empty. */
export function find(t: Table, key: u32): usize {
  if (t.count == 0) return 0;
  let i = home(t, key);
  while (true) {
    const slot = t.slots + (<usize>i << 3);
    const k = load<u32>(slot);
    if (k == key) return load<u32>(slot + 4);
    if (k == 0) return 0;
    i = (i + 1) & t.mask;
  }
}

function place(t: Table, key: u32, value: usize): void {
  let i = home(t, key);
  for (; ; i = (i + 1) & t.mask) {
    const slot = t.slots + (<usize>i << 3);
    const k = load<u32>(slot);
    if (k == 0 || k == key) {
      if (k == 0) t.count++;
      store<u32>(slot, key);
      store<u32>(slot + 4, <u32>value);
      return;
    }
  }
}

/** Puts a pair; false if there is no memory. Grows at three quarters. */
export function put(t: Table, key: u32, value: usize): bool {
  const size: u32 = t.slots == 0 ? 0 : t.mask + 1;
  if ((t.count + 1) * 4 > size * 3) {
    const bigger: u32 = size == 0 ? 64 : size * 2;
    const slots = take(<usize>bigger << 3);
    if (slots == 0) return false;
    memory.fill(slots, 0, <usize>bigger << 3);
    const old = t.slots;
    t.slots = slots;
    t.mask = bigger - 1;
    t.count = 0;
    for (let i: u32 = 0; i < size; i++) {
      const slot = old + (<usize>i << 3);
      if (load<u32>(slot) != 0) place(t, load<u32>(slot), load<u32>(slot + 4));
    }
    if (old != 0) give(old, <usize>size << 3);
  }
  place(t, key, value);
  return true;
}

/** Removes a key; the entries behind it move up, so no tombstones gather. Returns the value, or 0: also for key 0, which is never there. */
export function remove(t: Table, key: u32): usize {
  if (t.count == 0) return 0;
  let i = home(t, key);
  for (; ; i = (i + 1) & t.mask) {
    const k = load<u32>(t.slots + (<usize>i << 3));
    if (k == 0) return 0;
    if (k == key) break;
  }
  const value: usize = load<u32>(t.slots + (<usize>i << 3) + 4);
  let hole = i;
  for (let j = (i + 1) & t.mask; ; j = (j + 1) & t.mask) {
    const slot = t.slots + (<usize>j << 3);
    const k = load<u32>(slot);
    if (k == 0) break;
    // The entry may fill the hole if its home does not lie between the hole and itself.
    if (((j - home(t, k)) & t.mask) >= ((j - hole) & t.mask)) {
      store<u64>(t.slots + (<usize>hole << 3), load<u64>(slot));
      hole = j;
    }
  }
  store<u64>(t.slots + (<usize>hole << 3), 0);
  t.count--;
  return value;
}
