/**
 * Whether a path fits a pattern: `*` stands for any bytes but `/`, `**` for any bytes, all else for itself. Goes back to the
 * last star of each kind only, so that it takes at most path × pattern steps.
 */
export function matchesPattern(path: usize, pathLen: u32, pattern: usize, patternLen: u32): bool {
  const end = path + pathLen;
  const stop = pattern + patternLen;
  let p = path;
  let q = pattern;
  // Where to go on after a star: the pattern behind it, and the path up to which it reaches.
  let starQ: usize = 0;
  let starP: usize = 0;
  let wideQ: usize = 0;
  let wideP: usize = 0;
  while (true) {
    if (q < stop && load<u8>(q) == 42) {
      if (q + 1 < stop && load<u8>(q + 1) == 42) {
        q += 2;
        wideQ = q;
        wideP = p;
        starQ = 0;
      } else {
        q++;
        starQ = q;
        starP = p;
      }
      continue;
    }
    if (p < end ? q < stop && load<u8>(p) == load<u8>(q) : q == stop) {
      if (p == end) return true;
      p++;
      q++;
      continue;
    }
    // The nearer star takes one byte more; a narrow one gives up at a slash, then the wide one does.
    if (starQ != 0 && starP < end && load<u8>(starP) != 47) {
      p = ++starP;
      q = starQ;
    } else if (wideQ != 0 && wideP < end) {
      p = ++wideP;
      q = wideQ;
      starQ = 0;
    } else return false;
  }
}
