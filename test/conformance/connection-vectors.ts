import { createParameterServer } from '../../coordinator/training/parameter-server.ts';
import { bytesOf } from '../../shared/bytes.ts';
import { createDataset } from '../../shared/data/dataset.ts';
import { DATA_ROLES } from '../../shared/data/manifest.ts';
import { createNaiveEngine } from '../../shared/engine/naive/naive-engine.ts';
import { encodeFrame } from '../../shared/protocol/codec.ts';
import { PROTOCOL_VERSION } from '../../shared/protocol/limits.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/messages.ts';
import { answerOf, solveChallenge } from '../../shared/round/challenge.ts';
import { challengeFor } from '../../shared/round/challenge-for.ts';
import { createPartialSumComputer } from '../../shared/round/partial-sum-computer.ts';
import { createWorkload, type RoundKind } from '../../shared/round/workload.ts';
import { createToyFiles } from '../support/toy-dataset.ts';
import { toyConfig } from '../support/toy-run.ts';
import { hexOf } from './hex.ts';

export interface RecordedFrame {
  readonly from: 'worker' | 'coordinator';
  readonly frame: string;
}

/** The worker's clock stands still, so that its pong is the same each time. */
export const WORKER_NOW = 17;

const { manifest, contents } = createToyFiles({
  ...{ trainCount: 33, testCount: 5, height: 4, width: 5, classCount: 3 },
});
const dataset = createDataset(manifest, contents);
const sizes = { validationCount: 8, globalBatch: 20, microBatchCount: 7 };
export const recordedConfig = toyConfig(dataset, { ...sizes, seed: 5_000_000_000 });

/** A whole connection of one worker, and the files that it gets over HTTP. */
export function connectionVectors(): { files: object[]; frames: RecordedFrame[] } {
  const config = recordedConfig;
  const engine = createNaiveEngine(config.numerics);
  const workload = createWorkload(config, dataset);
  const { parameterCount } = workload;
  const computer = createPartialSumComputer(engine, config, workload);
  const server = createParameterServer(engine, config, workload);
  const challenge = challengeFor(config);
  const frames: RecordedFrame[] = [];
  const record =
    (from: RecordedFrame['from']) =>
    (message: WorkerMessage | CoordinatorMessage, values?: Float32Array) => {
      const frame = hexOf(encodeFrame(message, values && bytesOf(values)));
      frames.push({ from, frame });
    };
  const [worker, coordinator] = [record('worker'), record('coordinator')];

  const askFor = (kind: RoundKind, lo: number, hi: number): void => {
    const round = { kind, step: server.step };
    coordinator({ type: 'share', ...round, lo, hi });
    for (const sum of computer.compute(round, { lo, hi }, server.parameters))
      if (sum) worker({ type: 'partial-sum', ...round, ...sum.node, offset: 0 }, sum.vector);
  };
  const broadcast = () =>
    coordinator({ type: 'parameters', step: server.step, offset: 0 }, server.parameters);
  const update = () => {
    const [round, all] = [{ kind: 'train', step: server.step } as const, { lo: 0, hi: 7 }];
    for (const sum of computer.compute(round, all, server.parameters))
      if (sum) server.update(sum.vector, workload.exampleCount(round, all));
  };

  worker({ type: 'hello', protocolVersion: PROTOCOL_VERSION, name: 'ada', numerics: ['strict'] });
  coordinator({ type: 'welcome', rank: 0, identity: 'secret', config, challenge });
  const answer = answerOf(solveChallenge(engine, config, challenge));
  worker({ type: 'ready', parameterCount }, answer);
  coordinator({ type: 'accepted' });
  coordinator({ type: 'ping', sentAt: 0.25 });
  worker({ type: 'pong', sentAt: 0.25, now: WORKER_NOW });
  broadcast();
  askFor('train', 1, 7);
  askFor('train', 0, 1);
  update();
  broadcast();
  askFor('train', 0, 7);
  update();
  broadcast();
  askFor('validation', 0, 1);
  askFor('test', 0, 1);
  coordinator({ type: 'goodbye', reason: 'finished' });
  const files = DATA_ROLES.map((role) => ({
    sha256: manifest.files[role].sha256,
    content: hexOf(contents[role]),
  }));
  return { files, frames };
}
