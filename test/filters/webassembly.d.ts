// The part of the WebAssembly JavaScript API that the harness uses; Node has it, the type libraries in use do not.
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  interface ImportDescriptor {
    module: string;
    name: string;
    kind: 'function' | 'table' | 'memory' | 'global';
  }
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): ImportDescriptor[];
    static exports(module: Module): Omit<ImportDescriptor, 'module'>[];
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Record<string, unknown>;
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class RuntimeError extends Error {}
}
