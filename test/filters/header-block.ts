export type Pair = readonly [name: string, value: string];
export type Headers = Pair[];

/** A header block as Envoy lays it out. */
export function marshal(headers: Headers): string {
  const sizes = Buffer.alloc(4 + headers.length * 8);
  sizes.writeUInt32LE(headers.length, 0);
  headers.forEach(([name, value], i) => {
    sizes.writeUInt32LE(name.length, 4 + i * 8);
    sizes.writeUInt32LE(value.length, 8 + i * 8);
  });
  return sizes.toString('latin1') + headers.map(([name, value]) => `${name}\0${value}\0`).join('');
}
