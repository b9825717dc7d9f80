// What a body is read as.
import { beginsFold, holdsFold } from '../abi/text';

export const UNREADABLE: u32 = 0;
export const JSON_BODY: u32 = 1;
export const FORM_BODY: u32 = 2;
export const TEXT_BODY: u32 = 3;

/** By its content type; plain is what begins with `text`. Nothing is guessed: an unknown type or a charset without ASCII is unreadable. */
export function bodyKind(type: usize, len: u32, text: string): u32 {
  if (holdsFold(type, len, 'utf-16') || holdsFold(type, len, 'utf-32')) return UNREADABLE;
  if (beginsFold(type, len, 'application/json') || holdsFold(type, len, '+json')) return JSON_BODY;
  if (beginsFold(type, len, 'application/x-www-form-urlencoded')) return FORM_BODY;
  return beginsFold(type, len, text) ? TEXT_BODY : UNREADABLE;
}
