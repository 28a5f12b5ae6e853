import { challengeFor } from '../../shared/round/challenge-for.ts';
import { connectionVectors, recordedConfig } from './connection-vectors.ts';
import { messageVectors } from './message-vectors.ts';
import { format } from './vectors.ts';

/** The files of conformance vectors about frames: their names and contents. */
export function createWireVectors(): Record<string, string> {
  return {
    'messages.json': format(messageVectors(recordedConfig, challengeFor(recordedConfig))),
    'connection.json': format({ ...connectionVectors() }),
  };
}
