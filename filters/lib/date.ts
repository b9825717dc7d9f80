import { Out, putByte, putU64 } from './out';

function two(o: Out, v: u32): void {
  putByte(o, 48 + v / 10);
  putByte(o, 48 + (v % 10));
}

/** `2026-01-31T12:34:56.789` for Unix ms. Days to date after Howard Hinnant's civil_from_days; years 1970 to 9999. */
export function putDate(o: Out, unixMs: u64): void {
  const days = <u32>(unixMs / 86400000) + 719468;
  const era = days / 146097;
  const doe = days - era * 146097;
  const yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const mp = (5 * doy + 2) / 153;
  const month = mp < 10 ? mp + 3 : mp - 9;
  putU64(o, yoe + era * 400 + (month <= 2 ? 1 : 0));
  putByte(o, 45);
  two(o, month);
  putByte(o, 45);
  two(o, doy - (153 * mp + 2) / 5 + 1);
  putByte(o, 84);
  const ms = <u32>(unixMs % 86400000);
  two(o, ms / 3600000);
  putByte(o, 58);
  two(o, (ms / 60000) % 60);
  putByte(o, 58);
  two(o, (ms / 1000) % 60);
  putByte(o, 46);
  putByte(o, 48 + (ms % 1000) / 100);
  two(o, ms % 100);
}
