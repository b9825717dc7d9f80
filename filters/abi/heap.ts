// Memory of one module. Blocks are powers of two from 32 bytes on, each size with its own free list; what is freed is used
// again and never given back, so memory stays at its high-water mark. Nothing is collected and nothing walks live blocks.

const SMALLEST: u32 = 5;
const CLASSES: u32 = 27;
const PAGE: usize = 65536;
/** Refused above this: a runaway would otherwise take the proxy's memory. */
const LARGEST: usize = 1 << 29;

const lists: usize = memory.data(CLASSES * 4 + 4, 8);
let bump: usize = 0;
let limit: usize = 0;

@inline
function classOf(size: usize): u32 {
  return size <= 32 ? 0 : <u32>(32 - clz<u32>(<u32>size - 1)) - SMALLEST;
}

/** Bytes a block for `size` really has. */
@inline
export function blockSize(size: usize): usize {
  return <usize>1 << (<usize>classOf(size) + SMALLEST);
}

/** A block of at least `size` bytes, not cleared; 0 if there is no more memory. Aligned to 8. */
export function take(size: usize): usize {
  if (size > LARGEST) return 0;
  const list = lists + (<usize>classOf(size) << 2);
  const free = load<u32>(list);
  if (free != 0) {
    store<u32>(list, load<u32>(free));
    return free;
  }
  if (bump == 0) {
    bump = (__heap_base + 15) & ~(<usize>15);
    limit = <usize>memory.size() * PAGE;
  }
  const whole = blockSize(size);
  if (bump + whole > limit) {
    const pages = (bump + whole - limit + PAGE - 1) / PAGE;
    if (memory.grow(<i32>pages) < 0) return 0;
    limit = <usize>memory.size() * PAGE;
  }
  const block = bump;
  bump += whole;
  return block;
}

/** Gives back a block; `size` as it was asked for. */
export function give(block: usize, size: usize): void {
  const list = lists + (<usize>classOf(size) << 2);
  store<u32>(block, load<u32>(list));
  store<u32>(list, <u32>block);
}
