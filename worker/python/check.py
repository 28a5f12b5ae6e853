"""Compares this worker's arithmetic with the conformance vectors: python3 check.py"""
import asyncio
import json
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np

import arithmetic as ar
import worker
from run import Run, solve_challenge

FOLDER = Path(__file__).parents[2] / 'shared' / 'protocol' / 'conformance'
FUNCTIONS = {'exp': ar.exp, 'log': ar.log, 'tanh': ar.tanh, 'sigmoid': ar.sigmoid, 'gelu': ar.gelu,
             'softplus': ar.softplus, 'gelu, derivative': ar.gelu_slope}


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
    return Run({'model': model, 'wire': 'f32', 'numerics': 'strict', **sizes, **changes}, data)


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
        image = image.reshape(case['height'], case['width'])
        altered = run.augment(image, case['example'], case['epoch'])
        yield f'image {case}', altered.tobytes().hex() == case['altered']


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
    for name, function in FUNCTIONS.items():
        x, y = (floats(column) for column in zip(*(p.split() for p in file['functions'][name])))
        yield name, is_same(function(x), y)


def check_nets(file):
    for net in file['nets']:
        content = bytes.fromhex(''.join(stage['values'] for stage in net['stages']))
        answer = solve_challenge(net['config'], {})
        yield net['name'], is_same(answer, np.frombuffer(content, 'f4'))


def check_messages(file):
    for vector in file['fromCoordinator'] + file['fromWorker']:
        message, payload = worker.decode(bytes.fromhex(vector['frame']))
        is_right = (message, payload.hex()) == (vector['message'], vector['payload'])
        yield vector['message']['type'], is_right and worker.decode(
            worker.encode(message, payload)) == (message, payload)


async def replay(file):
    """What a session sends, when the recorded coordinator talks to it."""
    sent, contents = [], {each['sha256']: each['content'] for each in file['files']}
    worker.fetch = lambda options, file: bytes.fromhex(contents[file['sha256']])

    class Socket:
        async def send(self, frame):
            sent.append(worker.decode(frame))

        async def close(self, code, reason):
            sent.append((code, reason))

    session = worker.Session(Namespace(url='the record'), Socket())
    answers = 0
    for frame in file['frames'][1:]:
        if frame['from'] == 'coordinator':
            await session.handle(*worker.decode(bytes.fromhex(frame['frame'])))
        else:
            answers += 1
        while len(sent) < answers:
            await asyncio.sleep(0.001)
    return sent


def check_connection(file):
    sent = asyncio.run(replay(file))
    recorded = [bytes.fromhex(f['frame']) for f in file['frames'] if f['from'] == 'worker'][1:]
    for (message, payload), frame in zip(sent, recorded):
        expected, values = worker.decode(frame)
        message.pop('now', None), expected.pop('now', None)  # this worker has a clock
        yield f'connection, {expected}', (message, payload) == (expected, values)
    yield 'end of the connection', sent[len(recorded):] == [(1000, 'finished')]


def main():
    wrong = count = 0
    for name, check in sorted(globals().items()):
        if not name.startswith('check_'):
            continue
        file = name.removeprefix('check_') + '.json'
        for what, is_right in check(json.loads((FOLDER / file).read_text())):
            count += 1
            if not is_right:
                wrong += 1
                print(f'{file}: {what} differs')
    print(f'{count - wrong} of {count} vectors agree')
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
