import { Ajv, type ErrorObject } from 'ajv';
import type { FastifyInstance } from 'fastify';

/**
 * Bodies are taken as they are (no coercion, nothing removed silently); queries are text and are coerced. Answers are documented
 * by schema but sent as they are: a serialiser that drops what a schema forgot would hide it from the operator.
 */
export function useSchemas(api: FastifyInstance): void {
  const exact = new Ajv({ allErrors: true, strict: false });
  const coercing = new Ajv({ allErrors: true, strict: false, coerceTypes: true, useDefaults: true });
  api.setValidatorCompiler(({ schema, httpPart }) => {
    const check = (httpPart === 'body' ? exact : coercing).compile(schema as object);
    return (data) => (check(data) ? { value: data } : { error: new Error(words(check.errors ?? [])) });
  });
  api.setSerializerCompiler(() => (data) => JSON.stringify(data));
}

/** Errors of a union name every branch; the deepest ones belong to the branch that was meant. */
function words(errors: readonly ErrorObject[]): string {
  const said = errors.filter((e) => e.keyword !== 'anyOf' && e.keyword !== 'const');
  const pool = said.length > 0 ? said : errors;
  const depth = Math.max(...pool.map((e) => e.instancePath.split('/').length));
  const texts = pool
    .filter((e) => e.instancePath.split('/').length === depth)
    .map((e) => {
      const where = e.instancePath.slice(1).replaceAll('/', '.') || 'body';
      const extra = e.keyword === 'additionalProperties' ? ` (${e.params.additionalProperty})` : '';
      return `${where} ${e.message}${extra}`;
    });
  return [...new Set(texts)].slice(0, 4).join('; ');
}
