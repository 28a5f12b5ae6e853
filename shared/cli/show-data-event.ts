import type { DataEvent } from '../data/loading/load-dataset.ts';
import type { Console } from './console.ts';
import { formatBar, formatMegabytes } from './format.ts';

/** Shows the loading of a dataset to people: a bar in a terminal, and a line for each file. */
export function showDataEvent(console: Console, event: DataEvent): void {
  if (event.event === 'notice') return console.print(event.message);
  const { file, source, receivedBytes, totalBytes } = event;
  if (receivedBytes === totalBytes) {
    return console.print(`Got ${file} (${formatMegabytes(receivedBytes)}) from ${source}`);
  }
  const bar = totalBytes === null ? '' : `${formatBar(receivedBytes / totalBytes, 20)} `;
  const total = totalBytes === null ? '' : ` of ${formatMegabytes(totalBytes)}`;
  console.showLive(`${bar}${formatMegabytes(receivedBytes)}${total}  ${file} from ${source}`);
}
