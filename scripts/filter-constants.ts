/**
 * A transform of the AssemblyScript compiler: string constants of the filters become bytes. The compiler's own are objects in
 * UTF-16, which the filters never have a use for and which take more than twice the room.
 *
 * `'text'` becomes a length byte and the bytes; words`of several` the same for each word, and a zero behind the last; sorted`by their
 * length` has for each length the length, how many words have it and their bytes, and a zero behind the last. All have the type `string`, so that nothing else can be taken for them. All lie in one block, equal ones once. filters/abi/text.ts reads
 * them; what would take them for the compiler's own strings (`.length`, `==`, `+`) fails the build.
 */
interface Node {
  readonly kind: number;
  readonly [field: string]: unknown;
}

interface Source extends Node {
  readonly isLibrary: boolean;
  readonly statements: { readonly expression: Node }[];
}

interface Parser {
  readonly sources: Source[];
  parseFile(text: string, path: string, isEntry: boolean): void;
}

/** A function, class or the like, once it has a name in the program. */
interface Element {
  readonly kind: number;
  readonly flags: number;
}

const { CommonFlags, ElementKind, LiteralKind, NodeKind } = (await import('assemblyscript' as string)) as {
  CommonFlags: Record<'Compiled', number>;
  ElementKind: Record<'Function', number>;
  LiteralKind: Record<'String' | 'Template', number>;
  NodeKind: Record<'Call' | 'Literal', number>;
};

/** Fields that hold no expression of the program: places, imports' paths, decorators' arguments. */
const notCode = new Set(['range', 'path', 'decorators', 'source']);

/** The bytes of a constant, or undefined for what is none. */
function bytesOf(node: Node): string | undefined {
  if (node.kind !== NodeKind.Literal) return undefined;
  const { literalKind, value, tag, parts } = node as Node & { value: string; tag: Node | null; parts: string[] };
  if (literalKind === LiteralKind.String) return counted(value);
  const list = lists[String(tag?.text)];
  if (literalKind !== LiteralKind.Template || !list || parts.length !== 1) return undefined;
  return `${list(parts[0]!.split(/\s+/).filter(Boolean))}\0`;
}

/** Lists of words, by their tags. */
const lists: Readonly<Record<string, (words: string[]) => string>> = {
  words: (words) => words.map(counted).join(''),
  sorted: (words) =>
    [...Map.groupBy(words, (word) => word.length)]
      .map(([length, group], i, all) => {
        if (i > 0 && length < all[i - 1]![0]) throw new Error(`not sorted by length: ${group[0]}`);
        return String.fromCharCode(length, group.length) + group.map((word) => counted(word).slice(1)).join('');
      })
      .join(''),
};

function counted(text: string): string {
  if (text.length > 255 || !/^[\0-\x7f]*$/.test(text)) throw new Error(`not ASCII of at most 255 bytes: ${text}`);
  return String.fromCharCode(text.length) + text;
}

/** `offsetof` takes a field's name, for the compiler alone. */
function isFieldName(node: Node): boolean {
  return node.kind === NodeKind.Call && (node.expression as Node).text === 'offsetof';
}

/** Calls `found` with the bytes of every constant below a node and with how to put another node in its place. */
function constantsBelow(node: Node, found: (bytes: string, put: (by: Node) => void) => void): void {
  for (const [name, value] of Object.entries(node)) {
    if (notCode.has(name) || typeof value !== 'object' || value === null) continue;
    const holder = (Array.isArray(value) ? value : node) as Record<string, unknown>;
    for (const key of Array.isArray(value) ? value.keys().map(String) : [name]) {
      const inner = holder[key] as Node | null;
      if (typeof inner !== 'object' || inner === null || !('kind' in inner) || isFieldName(inner)) continue;
      const bytes = bytesOf(inner);
      if (bytes === undefined) constantsBelow(inner, found);
      else
        found(bytes, (by) => {
          holder[key] = by;
        });
    }
  }
}

const isOfStrings = (name: string) => /^~lib\/(util\/)?string\//.test(name);

export default class FilterConstants {
  /** The compiler's hook: all sources are read, nothing is resolved yet. */
  afterParse(parser: Parser): void {
    const places = new Map<string, number>();
    let block = '';
    const uses: { at: number; put: (by: Node) => void }[] = [];
    for (const source of parser.sources.filter((s) => !s.isLibrary)) {
      constantsBelow(source, (bytes, put) => {
        let at = places.get(bytes);
        if (at === undefined) {
          at = block.length;
          places.set(bytes, at);
          block += bytes;
        }
        uses.push({ at, put });
      });
    }
    const data = [...Buffer.from(block, 'latin1')].join();
    parser.parseFile(
      `@global @lazy const __constants: usize = memory.data<u8>([${data}]);`,
      'filters/constants.ts',
      true,
    );
    // The compiler's own parser makes the nodes; the file they come from is left empty.
    parser.parseFile(
      uses.map((u) => `changetype<string>(__constants + ${u.at});`).join('\n'),
      'filters/uses.ts',
      false,
    );
    const statements = parser.sources.at(-1)!.statements.splice(0);
    uses.forEach(({ put }, i) => {
      put(statements[i]!.expression);
    });
  }

  /** The compiler's hook: what takes a constant for one of the compiler's own strings has made it compile its library for them. */
  afterCompile(): void {
    const { program } = this as unknown as { program: { instancesByName: ReadonlyMap<string, Element> } };
    const used = [...program.instancesByName]
      .filter(([name, e]) => e.kind === ElementKind.Function && e.flags & CommonFlags.Compiled && isOfStrings(name))
      .map(([name]) => name);
    if (used.length > 0) throw new Error(`constants of the filters are bytes, see filters/abi/text.ts: ${used.join()}`);
  }
}
