import { type ChildProcess, fork } from 'node:child_process';

/** What travels each way in a round: the classic net's parameters. */
export const VECTOR_LENGTH = 235_146;

/** By then V8 has compiled what a round runs. */
const WARM_UP_ROUNDS = 400;
const MEASURE_MS = 2_000;

/** Prints how many rounds a second there are, and what CPU time one takes here, in ms. */
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

/** Starts the same file again as so many clients, each with `address` as its argument; they end with this process. */
export function startClients(file: string, count: number, address: string): ChildProcess[] {
  return Array.from({ length: count }, () =>
    fork(file, ['client', address], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  );
}

/** In a client: ends it when the server is gone. */
export function endWithServer(): void {
  process.once('disconnect', () => process.exit());
}
