import { parseAllDocuments } from 'yaml';
import { PROVIDER } from '../services/service.ts';

/** The application's document with the provider at another address, and its folder named, so that it may lie elsewhere. */
export function withProvider(text: string, url: string, folder: string): string {
  const documents = parseAllDocuments(text);
  if ('empty' in documents) throw new Error('the document is empty');
  for (const document of documents) {
    if (document.get('kind') !== 'Application') continue;
    document.setIn(['spec', 'externals', PROVIDER, 'url'], url);
    const services = document.getIn(['spec', 'services']) as { items: { key: { value: string } }[] };
    for (const { key } of services.items) document.setIn(['spec', 'services', key.value, 'cwd'], folder);
  }
  return documents.map((document) => document.toString()).join('');
}
