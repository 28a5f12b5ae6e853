import { type ChildProcess, fork } from 'node:child_process';

/** How many values travel each way in a round: the parameter count of the classic net. */
export const VECTOR_LENGTH = 235_146;

/** After this many rounds, V8 has compiled the code of a round. */
const WARM_UP_ROUNDS = 400;
const MEASURE_MS = 2_000;

/**
 * Measures rounds after a warm-up. Prints the number of rounds per second, and the CPU time of this
 * process per round, in ms.
 */
export async function timeRounds(round: () => Promise<void>): Promise<void> {
  for (let i = 0; i < WARM_UP_ROUNDS; i++) await round();
  const usage = process.cpuUsage();
  const startedAt = performance.now();
  let rounds = 0;
  for (; performance.now() - startedAt < MEASURE_MS; rounds++) await round();
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(usage);
  const figures = {
    roundsPerSecond: (rounds / elapsedMs) * 1000,
    serverCpuMs: (user + system) / 1000 / rounds,
  };
  console.log(JSON.stringify(figures));
}

/**
 * Starts `count` clients, each a process that runs `file` with `client` and `address` as arguments.
 * The clients end with this process.
 */
export function startClients(file: string, count: number, address: string): ChildProcess[] {
  return Array.from({ length: count }, () =>
    fork(file, ['client', address], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  );
}

/** Ends this process, a client, when the server is gone. */
export function endWithServer(): void {
  process.once('disconnect', () => process.exit());
}
