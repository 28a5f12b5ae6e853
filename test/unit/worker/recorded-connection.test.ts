import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createDataset } from '../../../shared/data/dataset.ts';
import type { DataFile } from '../../../shared/data/manifest.ts';
import type { LinkListener } from '../../../shared/protocol/link.ts';
import { WorkerSession } from '../../../worker/worker-session.ts';
import { connectionVectors, WORKER_NOW } from '../../conformance/connection-vectors.ts';
import { bytesFromHex, hexOf } from '../../conformance/hex.ts';
import { createSimulatedClock } from '../../support/simulation/simulated-clock.ts';
import { naiveEngine } from '../../support/toy-run.ts';

/** So many turns of the event loop are enough for any answer. */
const TURNS_MAX = 1000;

test('a worker answers the recorded connection, frame for frame', async () => {
  const { files, frames } = connectionVectors();
  const contents = new Map(
    (files as { sha256: string; content: string }[]).map(({ sha256, content }) => [
      sha256,
      bytesFromHex(content),
    ]),
  );
  const contentOf = ({ sha256 }: DataFile) => contents.get(sha256) ?? new Uint8Array(0);
  const sent: string[] = [];
  let coordinator: LinkListener | undefined;
  const session = new WorkerSession(
    (listener) => {
      coordinator = listener;
      return {
        address: undefined,
        isLocal: true,
        trust() {},
        limitFrames() {},
        send: (frame) => void sent.push(hexOf(frame)),
        close() {},
      };
    },
    {
      clock: { ...createSimulatedClock(), now: () => WORKER_NOW },
      identity: { name: 'ada', numerics: ['strict'] },
      openEngine: () => naiveEngine,
      loadDataset: async (manifest) => {
        const { trainImages, trainLabels, testImages, testLabels } = manifest.files;
        return createDataset(manifest, {
          trainImages: contentOf(trainImages),
          trainLabels: contentOf(trainLabels),
          testImages: contentOf(testImages),
          testLabels: contentOf(testLabels),
        });
      },
      pause: () => setImmediate(),
      onWelcome() {},
      onJoined() {},
    },
  );
  const expected: string[] = [];
  for (const { from, frame } of frames) {
    if (from === 'coordinator') coordinator?.onFrame(bytesFromHex(frame));
    else expected.push(frame);
    for (let turn = 0; turn < TURNS_MAX && sent.length < expected.length; turn++)
      await setImmediate();
    await setImmediate(); // after its last sum the worker takes the next share
  }
  expect(sent).toEqual(expected);
  expect(await session.ended).toEqual({ outcome: 'finished' });
});
