/** AssemblyScript's abort without an import: a trap. Nothing here asserts, so only the runtime's out-of-memory path meets it. */
export function abort(_message: usize, _file: usize, _line: u32, _column: u32): void {
  unreachable();
}
