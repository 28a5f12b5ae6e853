"""Compares this worker with the conformance vectors: python3 check.py [FOLDER]"""
import asyncio
import json
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import websockets

import arithmetic as ar
import worker
from model import FUNCTIONS, entry
from run import Batch

FOLDER = Path(__file__).parents[2] / 'shared' / 'protocol' / 'conformance'


def floats(bits):
    return np.array([0x7FC00000 if b == 'nan' else int(b, 16) for b in bits], np.uint32).view('f4')


def is_same(a, b):
    """The same bits, or both NaN."""
    return np.array_equal(np.where(np.isnan(a), np.nan, a).astype('f4').view('u4'),
                          np.where(np.isnan(b), np.nan, b).astype('f4').view('u4'))


def check_random(file):
    for block in file['blocks']:
        words = np.ravel(ar.threefry(block['key'], block['counter']))
        yield 'block', words.tolist() == block['words']
    for key in file['keys']:
        words = ar.random_key(key['seed'], key['purpose'], key['index'])
        yield f'key {key}', np.ravel(words).tolist() == key['key']
    for draw in file['uniforms']:
        number = ar.uniform(draw['key'], draw['counter'])[0] * 2.0**53
        yield f'number {draw}', number == draw['timesTwoTo53']
    for drawn in file['permutations']:
        order = ar.permutation(drawn['key'], drawn['count']).tolist()
        yield f'permutation {drawn}', order == drawn['order']


def run_of(sizes, **changes):
    model = {'input': {'height': 1, 'width': 1, 'channels': 1}, 'layers': []}
    data = {'trainLabels': np.zeros(sizes.get('exampleCount', 1))}
    return worker.Run({'model': model, 'loss': 'cross-entropy', **sizes, **changes}, data)


def check_examples(file):
    for sizes in file['runs']:
        run = run_of(sizes)
        split = run.validation.tolist(), run.training.tolist()
        yield 'split', split == (sizes['validation'], sizes['training'])
        for step, leaves in enumerate(sizes['steps']):
            own = [run.examples('train', step, leaf).tolist() for leaf in range(len(leaves))]
            yield f'step {step}', own == leaves
    for case in file['images']:
        run = run_of(case, augmentation=case, validationCount=0, globalBatch=1, microBatchCount=1)
        image = np.frombuffer(bytes.fromhex(case['image']), np.uint8)
        image = image.reshape(case['height'], case['width'], 1)
        batch = Batch(True, case['epoch'], [case['example']])
        settings = {key: case[key] for key in ('flip', 'shift', 'erase', 'epoch')}
        yield f'image {settings}', lambda: (
            run.augment(image[None], batch).tobytes().hex() == case['altered'])


def check_tree(file):
    for tree in file['trees']:
        for lo, middle, hi in tree['nodes']:
            yield f'node [{lo}, {hi})', ar.split_point(lo, hi) == middle
        for case in tree['shares']:
            nodes = ar.maximal_subtrees(0, tree['leaves'], case['share'])
            yield f'share {case}', [list(node) for node in nodes] == case['subtrees']


def check_rounding(file):
    x, y = (floats(column) for column in zip(*(pair.split() for pair in file['bfloat16'])))
    yield 'bfloat16', is_same(ar.round_to_bfloat16(x), y)
    for case in file['products']:
        for numerics, multiply_add in ar.MULTIPLY_ADD.items():
            total = np.zeros(1, 'f4')
            for a, b in zip(floats(case['a']), floats(case['b'])):
                total = multiply_add(np.array([a]), np.array([b]), total)
            yield f'{numerics} product', is_same(total, floats([case[numerics]]))


def check_elementary(file):
    for name, pairs in file['functions'].items():
        x, expected = (floats(column) for column in zip(*(pair.split() for pair in pairs)))
        yield name, lambda: is_same(compute(name, x), expected)


def compute(name, x):
    if name in ('exp', 'log'):
        return getattr(ar, name)(x)
    name, _, part = name.partition(', ')
    function, derivative = entry(FUNCTIONS, name)
    return derivative(function(x), x) if part else function(x)


def check_nets(file):
    for net in file['nets']:
        content = bytes.fromhex(''.join(stage['values'] for stage in net['stages']))
        yield net['name'], lambda: is_same(worker.Run.solve_challenge(net['config'], {}),
                                           np.frombuffer(content, 'f4'))


def check_messages(file):
    for vector in file['fromCoordinator'] + file['fromWorker']:
        message, payload = worker.decode(bytes.fromhex(vector['frame']))
        is_right = (message, payload.hex()) == (vector['message'], vector['payload'])
        yield vector['message']['type'], is_right and worker.decode(
            worker.encode(message, payload)) == (message, payload)


class Recorded:
    """A socket of the recorded coordinator. It waits for each of the worker's frames."""

    def __init__(self, frames):
        self.frames, self.sent, self.answers, self.close_code = iter(frames), [], 0, None

    async def send(self, frame):
        self.sent.append(worker.decode(frame))

    async def recv(self):
        for frame in self.frames:
            if frame['from'] == 'coordinator':
                return bytes.fromhex(frame['frame'])
            self.answers += 1
            while len(self.sent) < self.answers:
                await asyncio.sleep(0.001)
        raise websockets.ConnectionClosed(None, None)

    async def close(self, code, reason):
        self.close_code = code


def check_connection(file):
    contents = {each['sha256']: bytes.fromhex(each['content']) for each in file['files']}
    worker.fetch = lambda options, file: contents[file['sha256']]
    options = dict(url='the record', name='ada', token=None, identity=None, numerics='strict')
    socket = Recorded(file['frames'])
    code = asyncio.run(worker.Session(Namespace(**options), socket).serve())
    recorded = [bytes.fromhex(f['frame']) for f in file['frames'] if f['from'] == 'worker']
    for (message, payload), frame in zip(socket.sent, recorded):
        expected, values = worker.decode(frame)
        for own in ('now', 'pid'):  # this worker has a clock, and is a process
            message.pop(own, None), expected.pop(own, None)
        yield f'connection, {expected}', (message, payload) == (expected, values)
    yield 'end of the connection', (len(socket.sent), code) == (len(recorded), 1000)


def main(folder=FOLDER):
    """Says which vectors differ, and which of them this worker cannot compute."""
    count = agreed = skipped = 0
    for name, check in sorted(globals().items()):
        if not name.startswith('check_'):
            continue
        file = name.removeprefix('check_') + '.json'
        for what, is_right in check(json.loads((Path(folder) / file).read_text())):
            count += 1
            try:
                if is_right() if callable(is_right) else is_right:
                    agreed += 1
                else:
                    print(f'{file}: {what} differs')
            except NotImplementedError as reason:
                skipped += 1
                print(f'{file}: {what} skipped: {reason}')
    print(f'{agreed} of {count - skipped} vectors agree' + f', {skipped} skipped' * (skipped > 0))
    sys.exit(0 if agreed == count - skipped else 1)


if __name__ == '__main__':
    main(*sys.argv[1:])
