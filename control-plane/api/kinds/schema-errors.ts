import type { TSchema } from 'typebox';
import type { Value } from 'typebox/value';

type SchemaError = ReturnType<typeof Value.Errors>[number];

/** A schema's errors in the words of the document, each with the path of what is wrong; none only where there are none. */
export function inWords(
  errors: readonly SchemaError[],
  schema: TSchema,
  value: unknown,
): [path: string[], message: string][] {
  const said = errors.flatMap((error) => explain(error, errors, schema, value));
  // A document with an error is never taken for a good one, whatever the error is.
  const [first] = errors;
  return said.length > 0 || !first ? said : [[parts(first.instancePath), `${nameOf(first)} ${first.message}`]];
}

function explain(
  error: SchemaError,
  all: readonly SchemaError[],
  schema: TSchema,
  value: unknown,
): [path: string[], message: string][] {
  const path = parts(error.instancePath);
  const where = nameOf(error);
  const params = error.params as Record<string, unknown>;
  const given = JSON.stringify(at(value, path));
  switch (error.keyword) {
    case 'additionalProperties':
      return (params.additionalProperties as string[]).map((name) => [
        [...path, name],
        `${where} has no field ${JSON.stringify(name)}`,
      ]);
    // The same again, from the side of the field.
    case 'boolean':
      return [];
    case 'required':
      return (params.requiredProperties as string[]).map((name) => [
        path,
        `${where} lacks the field ${JSON.stringify(name)}`,
      ]);
    case 'const':
      return inChoice(error) ? [] : [[path, `${where} must be ${params.allowedValue}, not ${given}`]];
    case 'anyOf':
      return [[path, `${where} must be one of ${choicesOf(error, all).join(', ')}, not ${given}`]];
    case 'type':
    case 'pattern': {
      const { examples } = (at(schema, parts(error.schemaPath)) ?? {}) as { examples?: readonly string[] };
      if (examples) return [[path, `${where} must be text such as ${examples.join(', ')}, not ${given}`]];
      return [[path, `${where} ${error.message}, not ${given}`]];
    }
    default:
      return [[path, `${where} ${error.message}`]];
  }
}

const inChoice = (error: SchemaError): boolean => /\/anyOf\/\d+$/.test(error.schemaPath);

/** What a choice is among, in the schema's order. */
function choicesOf(choice: SchemaError, all: readonly SchemaError[]): string[] {
  return all
    .filter((e) => e.instancePath === choice.instancePath && e.schemaPath.startsWith(`${choice.schemaPath}/anyOf/`))
    .map((e) => String((e.params as { allowedValue?: unknown }).allowedValue ?? e.message));
}

const nameOf = (error: SchemaError): string => parts(error.instancePath).join('.') || 'document';

/** Parts of a JSON pointer (RFC 6901). */
const parts = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const part of path) found = (found as Record<string, unknown> | undefined)?.[part];
  return found;
}
