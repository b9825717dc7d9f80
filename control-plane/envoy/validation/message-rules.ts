import {
  type DescField,
  type DescMessage,
  type DescOneof,
  fromBinary,
  getOption,
  hasOption,
  type Message,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { type Any, AnySchema, FeatureSet_FieldPresence as FieldPresence, isWrapperDesc } from '@bufbuild/protobuf/wkt';
import { type FieldRules, required, rules as rulesOption } from '../protos/gen/validate/validate_pb.js';
import { messageName, registry } from '../protos/registry.ts';
import { type Broken, checkBytes, checkDuration, checkEnum, checkNumber, checkString, given } from './value-rules.ts';

/** One broken rule inside a message. */
export interface Violation {
  /** Names as the .proto has them: `outlier_detection.max_ejection_percent`, `filters[0].typed_config(Router)`. */
  readonly path: string;
  /** In words. */
  readonly rule: string;
  /** The value given, as short text. */
  readonly value: string;
}

const short = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? '…' : String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};

/**
 * Checks a message and all below it, through Any fields too, against the `validate.rules` in its descriptors. Reads them the
 * way Envoy's generated code does: a scalar without presence is checked even when it is zero, a wrapper only when it is set.
 */
export function violations(schema: DescMessage, message: Message, visit: Visit = () => {}): Violation[] {
  const found: Violation[] = [];
  checkMessage(reflect(schema, message), '', { found, visit });
  return found;
}

/** Told of every message on the way, those inside Any fields too, with the path to it. */
export type Visit = (message: ReflectMessage, path: string) => void;

interface Walk {
  readonly found: Violation[];
  readonly visit: Visit;
}

/** What there is to look at in messages of one type. Options are decoded on each access, so this is done once. */
interface Plan {
  readonly oneofs: readonly DescOneof[];
  /** Fields with rules, or with messages below them. */
  readonly fields: readonly { readonly field: DescField; readonly rules: FieldRules | undefined }[];
}
const plans = new WeakMap<DescMessage, Plan>();

function planOf(desc: DescMessage): Plan {
  let plan = plans.get(desc);
  if (!plan) {
    const rulesOf = (field: DescField) => (hasOption(field, rulesOption) ? getOption(field, rulesOption) : undefined);
    plan = {
      oneofs: desc.oneofs.filter((o) => hasOption(o, required) && getOption(o, required)),
      fields: desc.fields
        .map((field) => ({ field, rules: rulesOf(field) }))
        .filter(({ field, rules }) => rules !== undefined || field.message !== undefined),
    };
    plans.set(desc, plan);
  }
  return plan;
}

function checkMessage(message: ReflectMessage, path: string, walk: Walk): void {
  const { desc } = message;
  if (desc.typeName === AnySchema.typeName) {
    checkAny(message.message as Any, path, walk);
    return;
  }
  walk.visit(message, path);
  const plan = planOf(desc);
  for (const oneof of plan.oneofs)
    if (message.oneofCase(oneof) === undefined)
      walk.found.push({ path: path ? `${path}.${oneof.name}` : oneof.name, rule: 'is required', value: 'nothing' });
  for (const { field, rules } of plan.fields)
    checkField(message, field, rules, path ? `${path}.${field.name}` : field.name, walk);
}

function checkAny(any: Any, path: string, walk: Walk): void {
  if (any.typeUrl === '') return;
  const name = messageName(any.typeUrl);
  const schema = registry().getMessage(name);
  if (!schema) {
    walk.found.push({ path, rule: 'must be of a known type', value: any.typeUrl });
    return;
  }
  const at = `${path}(${name.slice(name.lastIndexOf('.') + 1)})`;
  try {
    checkMessage(reflect(schema, fromBinary(schema, any.value)), at, walk);
  } catch (error) {
    walk.found.push({
      path: at,
      rule: 'must be decodable',
      value: error instanceof Error ? error.message : String(error),
    });
  }
}

function checkField(
  message: ReflectMessage,
  field: DescField,
  rules: FieldRules | undefined,
  path: string,
  walk: Walk,
): void {
  if (field.fieldKind === 'list') {
    checkList(message, field, rules, path, walk);
    return;
  }
  if (field.fieldKind === 'map') {
    checkMap(message, field, rules, path, walk);
    return;
  }
  const hasPresence = field.fieldKind === 'message' || field.oneof || field.presence !== FieldPresence.IMPLICIT;
  if (hasPresence && !message.isSet(field)) {
    // A member of a oneof is required only once it was chosen.
    if (isRequired(rules) && !field.oneof) walk.found.push({ path, rule: 'is required', value: 'nothing' });
    return;
  }
  checkValue(message.get(field), field, rules, path, walk);
}

/** How many there must be. */
function countRule(n: number, from: bigint | undefined, to: bigint | undefined): Broken {
  if (from !== undefined && BigInt(n) < from) return `must have at least ${from} entries`;
  if (to !== undefined && BigInt(n) > to) return `must have at most ${to} entries`;
  return undefined;
}

function checkList(
  message: ReflectMessage,
  field: DescField & { fieldKind: 'list' },
  rules: FieldRules | undefined,
  path: string,
  walk: Walk,
): void {
  const items = [...message.get(field)];
  const of = rules?.type.case === 'repeated' ? rules.type.value : undefined;
  if (of && !(given(of, 'ignoreEmpty') && items.length === 0)) {
    const broken =
      countRule(items.length, given(of, 'minItems'), given(of, 'maxItems')) ??
      (given(of, 'unique') && field.listKind !== 'message' && new Set(items).size !== items.length
        ? 'must not repeat an entry'
        : undefined);
    if (broken) walk.found.push({ path, rule: broken, value: `${items.length} entries` });
  }
  items.forEach((item, i) => {
    checkValue(item, field, of?.items, `${path}[${i}]`, walk);
  });
}

function checkMap(
  message: ReflectMessage,
  field: DescField & { fieldKind: 'map' },
  rules: FieldRules | undefined,
  path: string,
  walk: Walk,
): void {
  const map = message.get(field);
  const of = rules?.type.case === 'map' ? rules.type.value : undefined;
  if (of && !(given(of, 'ignoreEmpty') && map.size === 0)) {
    const broken = countRule(map.size, given(of, 'minPairs'), given(of, 'maxPairs'));
    if (broken) walk.found.push({ path, rule: broken, value: `${map.size} entries` });
  }
  for (const [key, value] of map) {
    if (of?.keys) checkScalar(key, field, of.keys.type, `${path}[${key}]`, walk);
    checkValue(value, field, of?.values, `${path}[${key}]`, walk);
  }
}

function isRequired(rules: FieldRules | undefined): boolean {
  if (!rules) return false;
  if (rules.message && given(rules.message, 'required')) return true;
  const { type } = rules;
  return (type.case === 'any' || type.case === 'duration' || type.case === 'timestamp') && type.value.required === true;
}

/** One value: a field's own, an entry of a list, or a value of a map. */
function checkValue(value: unknown, field: DescField, rules: FieldRules | undefined, path: string, walk: Walk): void {
  const type = rules?.type;
  if (field.message) {
    const message = value as ReflectMessage;
    if (isWrapperDesc(field.message)) {
      checkScalar(message.get(field.message.fields[0]!), field, type, path, walk);
      return;
    }
    if (field.message.typeName === 'google.protobuf.Duration') {
      const duration = message.message as unknown as { seconds: bigint; nanos: number };
      const text = `${Number(duration.seconds) + duration.nanos / 1e9} s`;
      const broken = checkDuration(duration, type?.case === 'duration' ? type.value : undefined);
      if (broken) walk.found.push({ path, rule: broken, value: text });
      return;
    }
    if (type?.case === 'any' && field.message.typeName === AnySchema.typeName) {
      const url = (message.message as Any).typeUrl;
      if (type.value.in.length > 0 && !type.value.in.includes(url))
        walk.found.push({ path, rule: `must be one of ${type.value.in.join(', ')}`, value: url });
    }
    if (!(rules?.message && given(rules.message, 'skip'))) checkMessage(message, path, walk);
    return;
  }
  checkScalar(value, field, type, path, walk);
}

function checkScalar(
  value: unknown,
  field: DescField,
  type: FieldRules['type'] | undefined,
  path: string,
  walk: Walk,
): void {
  const broken = type && scalarRule(value, field, type);
  if (broken) walk.found.push({ path, rule: broken, value: short(value) });
}

function scalarRule(value: unknown, field: DescField, type: FieldRules['type']): Broken {
  switch (type.case) {
    case undefined:
    case 'repeated':
    case 'map':
    case 'any':
    case 'duration':
    case 'timestamp':
      return undefined;
    case 'string':
      return checkString(value as string, type.value);
    case 'bytes':
      return checkBytes(value as Uint8Array, type.value);
    case 'bool':
      return Object.hasOwn(type.value, 'const') && value !== type.value.const
        ? `must be ${type.value.const}`
        : undefined;
    case 'enum':
      return field.enum ? checkEnum(value as number, type.value, field.enum) : undefined;
    default:
      return checkNumber(value as number | bigint, type.value);
  }
}
