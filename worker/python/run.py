"""A run's examples, leaves and partial sums. See shared/protocol/."""
import struct
from collections import namedtuple

import numpy as np

import arithmetic as ar
from arithmetic import f32
from model import Model

EVALUATION_LEAF_SIZE = 250
Batch = namedtuple('Batch', 'training epoch examples')


def parse_idx(content):
    """The bytes of an IDX file: an array of its dimensions."""
    shape = struct.unpack_from(f'>{content[3]}I', content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


class Run:
    """`data` has the arrays of the four files, by their roles."""

    def __init__(self, config, data):
        self.config, self.data, self.model = config, data, Model(config)
        self.seed = int(config['seed'])
        count, held_out = len(data['trainLabels']), config['validationCount']
        order = ar.permutation(ar.random_key(self.seed, ar.VALIDATION_SPLIT), count)
        self.validation, self.training = np.sort(order[:held_out]), np.sort(order[held_out:])
        self.steps_per_epoch = -(-len(self.training) // config['globalBatch'])
        self.epoch = self.order = None
        self.bfloat16_leaves = None
        if config['wire'] == 'bf16':
            self.bfloat16_leaves = 1 << max(0, (config['microBatchCount'] // 8).bit_length() - 1)

    def leaf_count(self, kind):
        if kind == 'train':
            return self.config['microBatchCount']
        count = len(self.validation if kind == 'validation' else self.data['testLabels'])
        return -(-count // EVALUATION_LEAF_SIZE)

    def examples(self, kind, step, leaf):
        """The leaf's examples, as indices into the training or the test set."""
        start = EVALUATION_LEAF_SIZE * leaf
        if kind == 'validation':
            return self.validation[start:start + EVALUATION_LEAF_SIZE]
        if kind == 'test':
            return np.arange(len(self.data['testLabels']))[start:start + EVALUATION_LEAF_SIZE]
        epoch, step = divmod(step, self.steps_per_epoch)
        if epoch != self.epoch:
            key = ar.random_key(self.seed, ar.PERMUTATION, epoch)
            self.epoch, self.order = epoch, self.training[ar.permutation(key, len(self.training))]
        batch, leaves = self.config['globalBatch'], self.config['microBatchCount']
        size = min(batch, len(self.training) - step * batch)
        return self.order[step * batch:][leaf * size // leaves:(leaf + 1) * size // leaves]

    def input(self, kind, step, leaf):
        """What a model gets of a leaf: pixels, labels, and where random numbers begin."""
        indices, epoch = self.examples(kind, step, leaf), step // self.steps_per_epoch
        images = self.data['testImages' if kind == 'test' else 'trainImages'][indices]
        labels = self.data['testLabels' if kind == 'test' else 'trainLabels'][indices]
        if kind == 'train' and any(self.config['augmentation'].values()):
            images = [self.augment(*pair, epoch) for pair in zip(images, indices)]
        pixels = np.asarray(images, f32).reshape(len(indices), *self.model.layers[0].shape)
        return pixels / f32(255), labels, Batch(kind == 'train', epoch, indices)

    def augment(self, image, example, epoch):
        settings = self.config['augmentation']
        flip, shift, erase = settings['flip'], settings['shift'], settings['erase']
        (height, width), key = image.shape, ar.random_key(self.seed, ar.AUGMENTATION)
        key = ar.threefry(key, (epoch, example))
        draws = ar.uniform(key, np.arange(8)).tolist()
        image = image[:, ::-1] if draws[0] < flip else image
        down, right = (int(draw * (2 * shift + 1)) - shift for draw in draws[1:3])
        framed = np.pad(image, ((max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0))))
        image = framed[max(-down, 0):, max(-right, 0):][:height, :width].copy()
        if draws[3] < erase:
            area = (0.02 + draws[4] * (0.33 - 0.02)) * height * width
            ratio = 1 / 3.3 + draws[5] * (3.3 - 1 / 3.3)
            rows = min(height, max(1, int((area * ratio)**0.5 + 0.5)))
            columns = min(width, max(1, int((area / ratio)**0.5 + 0.5)))
            top, left = int(draws[6] * (height - rows + 1)), int(draws[7] * (width - columns + 1))
            noise = ar.threefry(key, (np.arange(8, 8 + rows * columns), 0))[0] >> 24
            image[top:top + rows, left:left + columns] = noise.reshape(rows, columns)
        return image

    def is_rounded(self, kind, lo, hi):
        """Whether the node's gradient is bfloat16 values."""
        least = self.bfloat16_leaves
        return kind == 'train' and least is not None and hi - lo >= least

    def sum_node(self, kind, step, lo, hi, parameters):
        if hi - lo == 1:
            total = self.model.sum_leaf(parameters, *self.input(kind, step, lo))
        else:
            middle = ar.split_point(lo, hi)
            total = self.sum_node(kind, step, lo, middle, parameters)
            total = total + self.sum_node(kind, step, middle, hi, parameters)
        if self.is_rounded(kind, lo, hi):
            total[:-2] = ar.round_to_bfloat16(total[:-2])
        return total

    def partial_sums(self, kind, step, lo, hi, parameters):
        """Each maximal subtree of the share, with the bytes of its sum."""
        for node in ar.maximal_subtrees(0, self.leaf_count(kind), (lo, hi)):
            total = self.sum_node(kind, step, *node, parameters)
            if self.is_rounded(kind, *node):
                yield node, to_bfloat16(total[:-2]) + total[-2:].tobytes()
            else:
                yield node, total.tobytes()


def solve_challenge(config, challenge):
    """The answer that shows that this worker's bits are right: every stage of a tiny run's step."""
    config = {**config, **challenge, 'validationCount': 0}
    count, seed = config['globalBatch'], int(config['seed'])
    height, width = config['model']['input']['height'], config['model']['input']['width']
    counters = np.arange(count)[:, None], np.arange(height * width)
    pixels = ar.threefry(ar.random_key(seed, ar.CHALLENGE), counters)[0] >> 24
    classes = config['model']['layers'][-1]['outputs']
    labels = np.arange(count) % classes
    if 'classWeights' in config:
        config['classWeights'] = np.arange(1, classes + 1)
    images = pixels.astype(np.uint8).reshape(count, height, width)
    run = Run(config, {'trainImages': images, 'trainLabels': labels})
    draws = ar.uniform(ar.random_key(seed, ar.CHALLENGE, 1), np.arange(run.model.size))
    parameters = (2 * draws - 1).astype(f32)
    if config['wire'] == 'bf16':
        parameters = ar.round_to_bfloat16(parameters)
    run.sum_node('train', 0, 1, 2, parameters)
    stages, leaves = run.model.stages, config['microBatchCount']
    sums = [run.sum_node('train', 0, leaf, leaf + 1, parameters) for leaf in range(leaves)]
    root = run.sum_node('train', 0, 0, leaves, parameters)
    return np.concatenate([stage.reshape(-1) for stage in (parameters, *stages, *sums, root)])


def to_bfloat16(values):
    return (values.view(np.uint32) >> 16).astype('<u2').tobytes()


def from_bfloat16(content):
    return (np.frombuffer(content, '<u2').astype(np.uint32) << 16).view(f32)
