import type { Resource } from '../../control-plane/xds/index.ts';
import { bareName, bareResource, bareTypes } from './bare-resources.ts';
import type { Change, State } from './messages.ts';

/** Why a call of the adapter cannot be carried out, by gRPC status. */
export class AdapterError extends Error {
  readonly status: 'INVALID_ARGUMENT' | 'NOT_FOUND' | 'ALREADY_EXISTS';

  constructor(status: AdapterError['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/** One node as the harness has set it: bare resources by type and name, and what each type's state is called. */
export class NodeState {
  /** type URL → name → edition */
  readonly #types = new Map<string, Map<string, number>>();
  readonly #versions: Record<string, string> = {};
  #edition = 0;

  /** Errors: INVALID_ARGUMENT for a type the harness does not know, or bytes that are no such message. */
  constructor(state: State) {
    for (const { typeUrl, value } of state.resources) {
      let name: string | undefined;
      try {
        name = bareName(typeUrl, value);
      } catch (error) {
        throw new AdapterError('INVALID_ARGUMENT', `a resource of ${typeUrl} cannot be read: ${String(error)}`);
      }
      if (!name) throw new AdapterError('INVALID_ARGUMENT', `a resource of ${typeUrl} has no name or an unknown type`);
      this.#names(typeUrl).set(name, 0);
      this.#versions[typeUrl] = state.version;
    }
  }

  get resources(): Resource[] {
    return [...this.#types].flatMap(([typeUrl, names]) =>
      [...names].map(([name, edition]) => bareResource(typeUrl, name, edition)),
    );
  }

  /** By type URL; a type without a name goes by its content. */
  get versions(): Readonly<Record<string, string>> {
    return this.#versions;
  }

  add(change: Change): void {
    const names = this.#names(change.typeUrl);
    if (names.has(change.resourceName)) throw new AdapterError('ALREADY_EXISTS', `${change.resourceName} exists`);
    this.#put(names, change);
  }

  update(change: Change): void {
    this.#put(this.#having(change), change);
  }

  remove(change: Change): void {
    this.#having(change).delete(change.resourceName);
    this.#call(change);
  }

  #put(names: Map<string, number>, change: Change): void {
    names.set(change.resourceName, ++this.#edition);
    this.#call(change);
  }

  #call({ typeUrl, version }: Change): void {
    if (version === '') delete this.#versions[typeUrl];
    else this.#versions[typeUrl] = version;
  }

  #having(change: Change): Map<string, number> {
    const names = this.#names(change.typeUrl);
    if (!names.has(change.resourceName)) throw new AdapterError('NOT_FOUND', `there is no ${change.resourceName}`);
    return names;
  }

  #names(typeUrl: string): Map<string, number> {
    if (!bareTypes.includes(typeUrl)) throw new AdapterError('INVALID_ARGUMENT', `unknown type ${typeUrl}`);
    let names = this.#types.get(typeUrl);
    if (!names) {
      names = new Map();
      this.#types.set(typeUrl, names);
    }
    return names;
  }
}
