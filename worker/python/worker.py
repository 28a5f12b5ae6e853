#!/usr/bin/env python3
"""A worker in Python, after shared/protocol/README.md. It needs numpy, websockets and msgpack.

    python3 worker.py ws://HOST:PORT
"""
import argparse
import asyncio
import hashlib
import os
import signal
import struct
import sys
import time
import urllib.request

import msgpack
import numpy as np
import websockets

from every_layer import Run  # `from run import Run` is enough for dense and convolutional nets

PROTOCOL_VERSION = 8
FRAME_BYTES_MAX = 1_114_124
CHUNK_BYTES = 262_144
SILENCE_S = 14
IDX_TYPES = {8: 'u1', 12: '>i4', 13: '>f4'}
EXIT_CODES = {1000: 0, 4001: 1, 4003: 0}  # after other close codes a worker comes back


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


def parse_idx(content):
    """The array in an IDX file of bytes, or of words of 32 bits."""
    kind, dimensions = content[2:4]
    shape = struct.unpack_from(f'>{dimensions}I', content, 4)
    values = np.frombuffer(content, IDX_TYPES[kind], offset=4 + 4 * dimensions)
    return values.reshape(shape)


class Session:
    """One connection, from hello to its end.

    `listen` answers pings at once. It queues what takes longer for `work`.
    """

    def __init__(self, options, socket):
        self.options, self.socket, self.inbox = options, socket, asyncio.Queue()
        self.is_ready, self.incoming = False, b''

    async def send(self, message_type, payload=b'', **fields):
        await self.socket.send(encode({'type': message_type, **fields}, payload))

    async def serve(self):
        """Returns the close code."""
        options = self.options
        secrets = {'token': options.token, 'identity': options.identity}
        await self.send('hello', protocolVersion=PROTOCOL_VERSION, name=options.name,
                        numerics=options.numerics.split(','), pid=os.getpid(),
                        **{key: value for key, value in secrets.items() if value is not None})
        work = asyncio.create_task(self.work())
        try:
            await asyncio.gather(self.listen(), work)
        except asyncio.TimeoutError:
            await self.socket.close(4002, 'coordinator silent')
        except websockets.ConnectionClosed:
            pass
        except OSError:
            raise  # a file did not come: `join` tries again
        except Exception as error:
            await self.send('error', code='INTERNAL', message=repr(error)[:1000])
            await self.socket.close(4000, 'cannot compute')
            raise SystemExit(repr(error)) from error
        finally:
            work.cancel()
        return self.socket.close_code

    async def listen(self):
        while True:
            message, payload = decode(await asyncio.wait_for(self.socket.recv(), SILENCE_S))
            if message['type'] == 'ping':
                await self.send('pong', sentAt=message['sentAt'], now=time.monotonic() * 1000)
            elif message['type'] == 'goodbye':
                await self.socket.close(1000, message['reason'])
            elif message['type'] == 'error':
                print(f"{message['code']}: {message['message']}", file=sys.stderr)
            else:
                self.inbox.put_nowait((message, payload))

    async def work(self):
        steps = {'welcome': self.prepare, 'accepted': self.join,
                 'parameters': self.receive, 'share': self.compute}
        while True:
            message, payload = await self.inbox.get()
            await steps[message.pop('type')](payload, **message)

    async def prepare(self, _, rank, identity, config, challenge):
        self.rank, self.options.identity = rank, identity
        files = config['dataset']['files'].items()
        load = lambda: {role: parse_idx(fetch(self.options, file)) for role, file in files}
        self.run = Run(config, await asyncio.to_thread(load))
        answer = await asyncio.to_thread(Run.solve_challenge, config, challenge)
        await self.send('ready', answer.tobytes(), parameterCount=self.run.model.size)

    async def join(self, _):
        self.is_ready = True
        print(f'Joined {self.options.url} as rank {self.rank}.', flush=True)

    async def receive(self, payload, step, offset):
        """Parameters that are not whole yet do not replace those before."""
        self.incoming = self.incoming[:offset] + payload
        is_bfloat16 = self.run.config['wire'] == 'bf16'
        if len(self.incoming) == self.run.model.size * (2 if is_bfloat16 else 4):
            values = np.frombuffer(self.incoming, '<u2' if is_bfloat16 else '<f4')
            self.parameters = (values.astype('u4') << 16).view('f4') if is_bfloat16 else values

    async def compute(self, _, kind, step, lo, hi):
        sums = self.run.partial_sums(kind, step, lo, hi, self.parameters)
        while (result := await asyncio.to_thread(next, sums, None)) is not None:
            (node_lo, node_hi), content = result
            for at in range(0, len(content), CHUNK_BYTES):
                await self.send('partial-sum', content[at:at + CHUNK_BYTES], kind=kind, step=step,
                                lo=node_lo, hi=node_hi, offset=at)

    def leave(self):
        """Asks for the goodbye, which comes after the share that is owed."""
        if not self.is_ready:
            sys.exit(0)
        self.leaving = asyncio.create_task(self.send('leaving'))


async def join(options):
    """Connects until the run is over. Gives up after 25 s without a coordinator."""
    pause = 0.2
    while pause < 20:
        try:
            async with websockets.connect(options.url, compression=None, ping_interval=None,
                                          max_size=FRAME_BYTES_MAX) as socket:
                session = Session(options, socket)
                for name in (signal.SIGINT, signal.SIGTERM):
                    asyncio.get_running_loop().add_signal_handler(name, session.leave)
                code = await session.serve()
                if code in EXIT_CODES:
                    return EXIT_CODES[code]
                if session.is_ready:
                    pause = 0.2
        except (OSError, websockets.InvalidHandshake) as error:
            print(error, file=sys.stderr)
        await asyncio.sleep(pause)
        pause *= 2
    return f'{options.url} cannot be reached: check that it is right.'


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
