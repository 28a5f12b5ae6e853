#!/usr/bin/env python3
"""A worker in Python, after shared/protocol/README.md. It needs numpy, websockets and msgpack.

    python3 worker.py ws://HOST:PORT
"""
import argparse
import asyncio
import hashlib
import os
import random
import signal
import struct
import sys
import time
import urllib.request

import msgpack
import numpy as np
import websockets

from run import Run, from_bfloat16, parse_idx, solve_challenge

PROTOCOL_VERSION = 8
FRAME_BYTES_MAX = 1_114_124
CHUNK_BYTES = 262_144
SILENCE_S = 14
DRAIN_S = 8
RETRY_S = 20
PERMANENT = {1000, 4001, 4003}  # after these close codes a worker does not come back


def encode(header, payload=b''):
    packed = msgpack.packb(header)
    frame = struct.pack('<I', len(packed)) + packed
    return frame + bytes(-len(frame) % 8) + payload


def decode(frame):
    (length,) = struct.unpack_from('<I', frame)
    return msgpack.unpackb(frame[4:4 + length]), frame[(4 + length + 7) // 8 * 8:]


def fetch(options, file):
    """The content of a file of the dataset, from the coordinator, by its digest."""
    url = options.url.replace('ws', 'http', 1).rstrip('/') + '/data/' + file['sha256']
    headers = {'lockstep-token': options.token} if options.token else {}
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(urllib.request.Request(url, headers=headers)) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != file['sha256']:
        raise OSError(f'{url} has another content')
    return content


class Session:
    """One connection, from hello to its end."""

    def __init__(self, options, socket):
        self.options, self.socket = options, socket
        self.run = self.parameters = None
        self.is_ready, self.incoming = False, bytearray()

    async def send(self, message_type, payload=b'', **fields):
        await self.socket.send(encode({'type': message_type, **fields}, payload))

    async def serve(self):
        """Returns the close code."""
        options = self.options
        secrets = {'token': options.token, 'identity': options.identity}
        await self.send('hello', protocolVersion=PROTOCOL_VERSION, name=options.name,
                        numerics=options.numerics.split(','), pid=os.getpid(),
                        **{key: value for key, value in secrets.items() if value is not None})
        try:
            while True:
                frame = await asyncio.wait_for(self.socket.recv(), SILENCE_S)
                await self.handle(*decode(frame))
        except asyncio.TimeoutError:
            await self.socket.close(4002, 'coordinator silent')
        except websockets.ConnectionClosed:
            pass
        return self.socket.close_code

    async def handle(self, message, payload):
        kind = message['type']
        if kind == 'ping':
            await self.send('pong', sentAt=message['sentAt'], now=time.monotonic() * 1000)
        elif kind == 'welcome':
            self.options.identity = message['identity']
            self.start(self.prepare(message))
        elif kind == 'parameters':
            self.receive(message['offset'], payload)
        elif kind == 'share':
            self.start(self.compute(self.parameters, **message))
        elif kind == 'goodbye':
            await self.socket.close(1000, message['reason'])
        elif kind == 'error':
            print(f"{message['code']}: {message['message']}", file=sys.stderr)

    def start(self, work):
        """Works while pings are answered. Whatever fails ends the connection."""
        async def guarded():
            try:
                await work
            except Exception as error:
                print(repr(error), file=sys.stderr)
                await self.send('error', code='INTERNAL', message=repr(error)[:1000])
                await self.socket.close(4000, 'cannot compute')
        self.work = asyncio.create_task(guarded())

    async def prepare(self, welcome):
        config = welcome['config']
        files = config['dataset']['files'].items()
        load = lambda: {role: parse_idx(fetch(self.options, file)) for role, file in files}
        self.run = Run(config, await asyncio.to_thread(load))
        answer = await asyncio.to_thread(solve_challenge, config, welcome['challenge'])
        await self.send('ready', answer.tobytes(), parameterCount=self.run.model.size)
        self.is_ready = True
        print(f"Joined {self.options.url} as rank {welcome['rank']}.", flush=True)

    def receive(self, offset, payload):
        """Parameters that are not whole yet do not replace those before."""
        self.incoming[offset:] = payload
        is_narrow = self.run.config['wire'] == 'bf16'
        if len(self.incoming) == self.run.model.size * (2 if is_narrow else 4):
            read = from_bfloat16 if is_narrow else lambda content: np.frombuffer(content, '<f4')
            self.parameters = read(bytes(self.incoming))

    async def compute(self, parameters, type, kind, step, lo, hi):
        sums = self.run.partial_sums(kind, step, lo, hi, parameters)
        while (result := await asyncio.to_thread(next, sums, None)) is not None:
            (node_lo, node_hi), content = result
            for at in range(0, len(content), CHUNK_BYTES):
                await self.send('partial-sum', content[at:at + CHUNK_BYTES], kind=kind, step=step,
                                lo=node_lo, hi=node_hi, offset=at)

    def leave(self):
        """Finishes the share that is owed, unless that takes too long."""
        async def drain():
            if self.is_ready:
                await self.send('leaving')
                await asyncio.sleep(DRAIN_S)
            await self.socket.close(1000, 'leaving')
        self.leaving = asyncio.create_task(drain())


async def join(options):
    """Connects until the run is over, or for 20 s in vain. Returns the exit code."""
    delay, give_up_at = 0.2, time.monotonic() + RETRY_S
    while time.monotonic() < give_up_at:
        try:
            async with websockets.connect(options.url, compression=None, ping_interval=None,
                                          max_size=FRAME_BYTES_MAX) as socket:
                session = Session(options, socket)
                for name in (signal.SIGINT, signal.SIGTERM):
                    asyncio.get_running_loop().add_signal_handler(name, session.leave)
                code = await session.serve()
                if code in PERMANENT:
                    return 1 if code == 4001 else 0
                if session.is_ready:
                    delay, give_up_at = 0.2, time.monotonic() + RETRY_S
        except (OSError, websockets.InvalidHandshake) as error:
            print(error, file=sys.stderr)
        delay = min(2 * delay, 10)
        await asyncio.sleep(delay * random.uniform(0.5, 1))
    print(f'{options.url} cannot be reached: check that it is right.', file=sys.stderr)
    return 1


def main():
    parser = argparse.ArgumentParser(description='Joins a coordinator and computes.')
    parser.add_argument('url', help='address of the coordinator, such as ws://127.0.0.1:8080')
    parser.add_argument('--name', default='python', help='name in logs and records')
    parser.add_argument('--token', default=os.environ.get('LOCKSTEP_TOKEN'))
    parser.add_argument('--numerics', default='fused,strict', help='what it says it can compute')
    options = parser.parse_args()
    options.identity = None
    sys.exit(asyncio.run(join(options)))


if __name__ == '__main__':
    main()
