/** Whether a proxy's words name a resource, rather than happen to contain the letters of its name. */
export function mentions(detail: string, name: string): boolean {
  for (let at = detail.indexOf(name); at >= 0; at = detail.indexOf(name, at + 1)) {
    // A full stop belongs to a name only if the name goes on behind it.
    const before = /[\p{L}\p{N}_|/.-]$/u.test(detail.slice(0, at));
    const after = /^\.?[\p{L}\p{N}_|/-]/u.test(detail.slice(at + name.length));
    if (!before && !after) return true;
  }
  return false;
}
