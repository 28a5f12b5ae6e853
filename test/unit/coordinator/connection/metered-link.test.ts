import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { meteredLink } from '../../../../coordinator/connection/metered-link.ts';
import { CLOSE, type Link, type LinkListener } from '../../../../shared/protocol/link.ts';
import { createMemoryConnection } from '../../../support/memory-connection.ts';

type OpenLink = (listener: LinkListener) => Link;

/** An end of a connection, and what it hears. */
function openEnd(open: OpenLink) {
  const heard: string[] = [];
  const frames: Uint8Array[] = [];
  const link = open({
    onFrame: (frame) => frames.push(frame),
    onClose: (code, reason) => heard.push(`closed ${code} ${reason}`),
  });
  return { link, heard, frames };
}

/** A connection whose first end is metered. */
function connected(counters = { sentBytes: 0, receivedBytes: 0 }) {
  const [openFirst, openSecond] = createMemoryConnection();
  const metered = openEnd(meteredLink(openFirst, counters));
  return { counters, metered, peer: openEnd(openSecond) };
}

describe('a metered link', () => {
  test('counts the bytes of each direction, and passes the frames on', async () => {
    const { counters, metered, peer } = connected();
    const sent = [new Uint8Array(5).fill(1), new Uint8Array(0), new Uint8Array(7).fill(2)];
    for (const frame of sent) metered.link.send(frame);
    peer.link.send(Uint8Array.of(8, 9));
    await setImmediate();
    expect(counters).toEqual({ sentBytes: 12, receivedBytes: 2 });
    expect(peer.frames).toEqual(sent);
    expect(metered.frames).toEqual([Uint8Array.of(8, 9)]);
  });

  test('counts the bytes that a view shows, not those of its buffer', async () => {
    const { counters, metered, peer } = connected();
    metered.link.send(new Uint8Array(new ArrayBuffer(100), 10, 3));
    peer.link.send(new Uint8Array(new ArrayBuffer(100), 10, 4));
    await setImmediate();
    expect(counters).toEqual({ sentBytes: 3, receivedBytes: 4 });
  });

  test('adds to what other links have counted', async () => {
    const counters = { sentBytes: 100, receivedBytes: 1000 };
    for (const { metered, peer } of [connected(counters), connected(counters)]) {
      metered.link.send(new Uint8Array(1));
      peer.link.send(new Uint8Array(2));
    }
    await setImmediate();
    expect(counters).toEqual({ sentBytes: 102, receivedBytes: 1004 });
  });

  test('counts for all who want to know', async () => {
    const [all, own] = [100, 0].map((bytes) => ({ sentBytes: bytes, receivedBytes: bytes }));
    const [openFirst, openSecond] = createMemoryConnection();
    const metered = openEnd(meteredLink(openFirst, all, own));
    metered.link.send(new Uint8Array(3));
    openEnd(openSecond).link.send(new Uint8Array(4));
    await setImmediate();
    expect([all, own]).toEqual([
      { sentBytes: 103, receivedBytes: 104 },
      { sentBytes: 3, receivedBytes: 4 },
    ]);
  });

  test('tells when a frame may be used again', async () => {
    const { metered } = connected();
    let isSent = false;
    metered.link.send(new Uint8Array(1), () => {
      isSent = true;
    });
    expect(isSent).toBe(false);
    await setImmediate();
    expect(isSent).toBe(true);
  });

  test('closes its connection with code and reason, which both ends hear', async () => {
    const { metered, peer } = connected();
    metered.link.close(CLOSE.refused, 'not you');
    await setImmediate();
    expect(peer.heard).toEqual([`closed ${CLOSE.refused} not you`]);
    expect(metered.heard).toEqual([`closed ${CLOSE.refused} not you`]);
  });

  test('hears how its peer closes', async () => {
    const { metered, peer } = connected();
    peer.link.close(CLOSE.goingAway, 'on my way');
    await setImmediate();
    expect(metered.heard).toEqual([`closed ${CLOSE.goingAway} on my way`]);
  });

  test.for([true, false])('is as near as the link that it meters: %s', (isLocal) => {
    const open: OpenLink = () => ({
      address: '10.0.0.1',
      isLocal,
      trust() {},
      limitFrames() {},
      send() {},
      close() {},
    });
    const counters = { sentBytes: 0, receivedBytes: 0 };
    expect(openEnd(meteredLink(open, counters)).link.isLocal).toBe(isLocal);
  });

  test('counts nothing that is sent after its end', async () => {
    for (const closer of ['metered', 'peer'] as const) {
      const counters = { sentBytes: 0, receivedBytes: 0 };
      const ends = connected(counters);
      ends[closer].link.close(CLOSE.normal, 'done');
      await setImmediate();
      ends.metered.link.send(new Uint8Array(9));
      expect(counters.sentBytes).toBe(0);
    }
  });
});
