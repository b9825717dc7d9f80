/**
 * Reads from a module's code what an exported function can return: every value that can leave it, by `return`, by a branch to
 * its end or by falling off it. Binaryen is the compiler's own back end, so it reads whatever the compiler wrote.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

interface Info {
  id: number;
  [field: string]: unknown;
}

interface Binaryen {
  readBinary(bytes: Uint8Array): {
    getExport(name: string): number;
    getFunction(name: string): number;
    removeExport(name: string): void;
    addFunction(name: string, params: number, result: number, locals: number[], body: number): number;
    addFunctionExport(internal: string, external: string): number;
    unreachable(): number;
    emitBinary(): Uint8Array;
    dispose(): void;
  };
  createType(types: number[]): number;
  i32: number;
  getExportInfo(ref: number): { value: string };
  getFunctionInfo(ref: number): { body: number };
  getExpressionId(ref: number): number;
  getExpressionInfo(ref: number): Info;
  readonly BlockId: number;
  readonly BreakId: number;
  readonly ConstId: number;
  readonly IfId: number;
  readonly LoopId: number;
  readonly NopId: number;
  readonly ReturnId: number;
  readonly SelectId: number;
  readonly SwitchId: number;
  readonly UnreachableId: number;
}

const asc = createRequire(createRequire(import.meta.url).resolve('assemblyscript/package.json'));
const binaryen = ((await import(pathToFileURL(asc.resolve('binaryen')).href)) as { default: Binaryen }).default;

/** What Binaryen tells of an expression; it has nothing to tell, and fails, where there are no parts. */
function infoOf(ref: number): Info {
  const id = binaryen.getExpressionId(ref);
  return id === binaryen.UnreachableId || id === binaryen.NopId ? { id } : binaryen.getExpressionInfo(ref);
}

/** Fields of an expression that are expressions themselves. */
const parts = [
  'children',
  'condition',
  'ifTrue',
  'ifFalse',
  'body',
  'value',
  'operands',
  'target',
  'ptr',
  'left',
  'right',
  'dest',
  'source',
  'size',
  'delta',
];

function subexpressions(info: Info): number[] {
  const result: number[] = [];
  for (const part of parts) {
    const value = info[part];
    if (Array.isArray(value)) result.push(...(value as number[]));
    // A constant's value is a number, not an expression; a call's target is a name.
    else if (typeof value === 'number' && value !== 0 && info.id !== binaryen.ConstId) result.push(value);
  }
  return result;
}

/** The constants a function can return; `undefined` among them stands for anything that is computed. */
export function answersOf(wasm: Uint8Array, exportName: string): Set<number | undefined> {
  const module = binaryen.readBinary(wasm);
  try {
    const name = binaryen.getExportInfo(module.getExport(exportName)).value;
    const body = binaryen.getFunctionInfo(module.getFunction(name)).body;
    const answers = new Set<number | undefined>();
    collect(body, answers);
    for (const returned of returns(body)) {
      if (returned === 0) answers.add(undefined);
      else collect(returned, answers);
    }
    return answers;
  } finally {
    module.dispose();
  }
}

/** What an expression's own value can be. */
function collect(ref: number, answers: Set<number | undefined>): void {
  const info = infoOf(ref);
  switch (info.id) {
    case binaryen.ConstId:
      answers.add(info.value as number);
      return;
    case binaryen.BlockId: {
      const children = info.children as number[];
      if (children.length > 0) collect(children.at(-1)!, answers);
      if (info.name) for (const value of breaks(ref, info.name as string)) collect(value, answers);
      return;
    }
    case binaryen.IfId:
      collect(info.ifTrue as number, answers);
      if (info.ifFalse) collect(info.ifFalse as number, answers);
      else answers.add(undefined);
      return;
    case binaryen.LoopId:
      collect(info.body as number, answers);
      return;
    case binaryen.SelectId:
      collect(info.ifTrue as number, answers);
      collect(info.ifFalse as number, answers);
      return;
    case binaryen.ReturnId:
    case binaryen.BreakId:
    case binaryen.SwitchId:
    case binaryen.UnreachableId:
      return;
    default:
      answers.add(undefined);
  }
}

/** Values that branches to a label carry. */
function breaks(ref: number, label: string): number[] {
  const info = infoOf(ref);
  const found: number[] = [];
  const aims =
    info.id === binaryen.BreakId
      ? info.name === label
      : info.id === binaryen.SwitchId && [info.defaultName, ...(info.names as string[])].includes(label);
  if (aims && info.value) found.push(info.value as number);
  for (const part of subexpressions(info)) found.push(...breaks(part, label));
  return found;
}

/** Values of `return`s; a call in tail position would return what it likes and counts as one of unknown value (0). */
function returns(ref: number): number[] {
  const info = infoOf(ref);
  const found: number[] = [];
  if (info.id === binaryen.ReturnId) found.push((info.value as number) ?? 0);
  if (info.isReturn) found.push(0);
  for (const part of subexpressions(info)) found.push(...returns(part));
  return found;
}

/** The same module with one callback (three numbers in, one out) that traps whenever it is called. */
export function withTrap(wasm: Uint8Array, exportName: string): Uint8Array {
  const module = binaryen.readBinary(wasm);
  try {
    module.removeExport(exportName);
    module.addFunction(
      'trap',
      binaryen.createType([binaryen.i32, binaryen.i32, binaryen.i32]),
      binaryen.i32,
      [],
      module.unreachable(),
    );
    module.addFunctionExport('trap', exportName);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}
