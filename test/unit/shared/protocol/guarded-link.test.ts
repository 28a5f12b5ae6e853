import { describe, expect, test } from 'vitest';
import { guardedLink } from '../../../../shared/protocol/guarded-link.ts';
import { CLOSE, type LinkListener } from '../../../../shared/protocol/link.ts';

/** A guarded link whose listener throws at frame 13 and, if so asked, when it is closed. */
function openGuarded({ throwsOnClose = false } = {}) {
  const heard: string[] = [];
  const faults: unknown[] = [];
  const closed: number[] = [];
  let peer: LinkListener | undefined;
  const open = guardedLink(
    (listener) => {
      peer = listener;
      return {
        address: undefined,
        isLocal: true,
        trust() {},
        limitFrames() {},
        send() {},
        close: (code) => void closed.push(code),
      };
    },
    (error) => faults.push(error),
  );
  open({
    onFrame([first]) {
      if (first === 13) throw new TypeError('bug');
      heard.push(`frame ${first}`);
    },
    onClose(code, reason) {
      heard.push(`closed ${code} ${reason}`);
      if (throwsOnClose) throw new RangeError('another bug');
    },
  });
  const receive = (value: number) => peer?.onFrame(Uint8Array.of(value));
  return { heard, faults, closed, receive, breakOff: () => peer?.onClose(1006, '') };
}

describe('a guarded link', () => {
  test('whose listener throws is closed, tells the listener, and delivers nothing more', () => {
    const { heard, faults, closed, receive, breakOff } = openGuarded();
    for (const value of [1, 13, 2, 13]) receive(value);
    breakOff();
    expect(heard).toEqual(['frame 1', 'closed 1011 internal error']);
    expect(closed).toEqual([CLOSE.internalError]);
    expect(faults).toEqual([new TypeError('bug')]);
  });

  test('survives a listener that throws when it is closed', () => {
    const { faults, breakOff, receive } = openGuarded({ throwsOnClose: true });
    breakOff();
    receive(1);
    expect(faults).toEqual([new RangeError('another bug')]);
    const other = openGuarded({ throwsOnClose: true });
    other.receive(13);
    expect(other.faults).toEqual([new RangeError('another bug'), new TypeError('bug')]);
  });

  test('without faults is as it is', () => {
    const { heard, faults, receive, breakOff } = openGuarded();
    receive(5);
    breakOff();
    expect(heard).toEqual(['frame 5', 'closed 1006 ']);
    expect(faults).toEqual([]);
  });
});
