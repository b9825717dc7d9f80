/** What a replica's command and environment may name. */
export interface TemplateValues {
  readonly port: number;
  readonly replica: number;
  readonly data: string;
  /** `http://host:port` of the sidecar's listener per callee. */
  readonly url: Readonly<Record<string, string>>;
}

/** Fills `{{port}}`, `{{replica}}`, `{{data}}` and `{{url.NAME}}`. Unknown names were refused with the document. */
export function fillTemplate(text: string, values: TemplateValues): string {
  return text.replaceAll(/\{\{\s*([^}]*?)\s*\}\}/g, (whole, name: string) => {
    if (name === 'port') return String(values.port);
    if (name === 'replica') return String(values.replica);
    if (name === 'data') return values.data;
    return (name.startsWith('url.') ? values.url[name.slice(4)] : undefined) ?? whole;
  });
}
