import { formatQuantity } from '../../shared/cli/format.ts';

/** More workers than this for each core get a notice. */
const PER_CORE_MAX = 8;
/** What a worker adds to the memory in use, with the classic net and Fashion-MNIST, in MB. */
const MEGABYTES = { thread: 30, process: 120 } as const;

/** Says what so many workers on one machine cost. Undefined if they are not too many. */
export function describeTooMany(
  count: number,
  cores: number,
  kind: keyof typeof MEGABYTES,
): string | undefined {
  if (count <= PER_CORE_MAX * cores) return undefined;
  const gigabytes = Math.round((count * MEGABYTES[kind]) / 1000);
  return (
    `${count} workers share ${formatQuantity(cores, 'core')}, so this run starts and trains more ` +
    `slowly than with ${formatQuantity(cores, 'worker')}: each worker has its own part of every ` +
    `step’s work and messages. Together they need about ${gigabytes} GB of memory. ` +
    'Leave out --workers for one worker per core.'
  );
}
