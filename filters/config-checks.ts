/** Small checkers that collect `path: rule`. They know JSON values only. */
export type Problems = string[];
export type Rule = (value: unknown, path: string, problems: Problems) => void;

/** An object with exactly these fields; those in `required` must be there. */
export function object(fields: Record<string, Rule>, required: readonly string[] = []): Rule {
  return (value, path, problems) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push(`${path || '$'}: must be an object`);
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      if (inner === undefined) continue;
      const rule = Object.hasOwn(fields, key) ? fields[key] : undefined;
      const at = path ? `${path}.${key}` : key;
      if (rule) rule(inner, at, problems);
      else problems.push(`${at}: unknown field`);
    }
    for (const key of required) {
      if ((value as Record<string, unknown>)[key] === undefined)
        problems.push(`${path ? `${path}.${key}` : key}: is required`);
    }
  };
}

export function number(min: number, max: number, integer = false): Rule {
  return (value, path, problems) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) problems.push(`${path}: must be a number`);
    else if (value < min || value > max) problems.push(`${path}: must be within ${min} and ${max}`);
    else if (integer && !Number.isInteger(value)) problems.push(`${path}: must be a whole number`);
  };
}

export const integer = (min: number, max: number): Rule => number(min, max, true);

export const boolean: Rule = (value, path, problems) => {
  if (typeof value !== 'boolean') problems.push(`${path}: must be true or false`);
};

/** A string of 1..`max` UTF-8 bytes (0.. with `empty`) that matches `pattern`. */
export function string(max: number, pattern?: RegExp, what = 'has a wrong form', empty = false): Rule {
  return (value, path, problems) => {
    if (typeof value !== 'string') problems.push(`${path}: must be a string`);
    else if (value.length === 0 && !empty) problems.push(`${path}: must not be empty`);
    else if (Buffer.byteLength(value) > max) problems.push(`${path}: must not be longer than ${max} bytes`);
    else if (pattern && !pattern.test(value)) problems.push(`${path}: ${what}`);
  };
}

export function oneOf(values: readonly string[]): Rule {
  return (value, path, problems) => {
    if (typeof value !== 'string' || !values.includes(value))
      problems.push(`${path}: must be one of ${values.join(', ')}`);
  };
}

export function list(item: Rule, max: number, min = 0): Rule {
  return (value, path, problems) => {
    if (!Array.isArray(value)) problems.push(`${path}: must be a list`);
    else if (value.length > max || value.length < min) problems.push(`${path}: must have ${min} to ${max} entries`);
    else value.forEach((v, i) => void item(v, `${path}[${i}]`, problems));
  };
}

/** RFC 9110 token in lower case; a pseudo-header has its colon. */
export const headerName = string(128, /^[a-z0-9:!#$%&'*+.^_`|~-]+$/, 'must be a header name in lower case');
/** A header that must be there, and equal if a value is given. */
export const headerMatch = object({ name: headerName, value: string(1024, undefined, '', true) }, ['name']);
export const cookieName = string(128, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a cookie name');
export const pathPrefix = string(1024, /^\//, 'must begin with /');
export const method = string(32, /^[A-Z_-]+$/, 'must be a method in upper case');
