import type { Console } from '../console.ts';
import { formatBar, formatMegabytes } from '../format.ts';
import type { DataEvent } from './load-dataset.ts';

/** Shows people what happens while a dataset is got: a bar in a terminal, a line for each file. */
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
