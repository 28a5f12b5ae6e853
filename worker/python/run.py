"""A run's examples, leaves and partial sums, as NUMBERS.md defines them."""
from collections import namedtuple

import numpy as np

import arithmetic as ar
from arithmetic import f32
from model import Model

EVALUATION_LEAF_SIZE = 250
Batch = namedtuple('Batch', 'training epoch examples')


class Run:
    """`data` has the arrays of the dataset's four files, by their roles."""

    def __init__(self, config, data):
        self.config, self.data, self.model = config, data, Model(config)
        self.seed = int(config['seed'])  # it arrives as a float, from 2^32 on
        count, held_out = len(data['trainLabels']), config['validationCount']
        self.test_count = len(data.get('testLabels', ()))
        order = ar.permutation(ar.random_key(self.seed, ar.VALIDATION_SPLIT), count)
        self.validation, self.training = np.sort(order[:held_out]), np.sort(order[held_out:])
        self.steps_per_epoch = -(-len(self.training) // config['globalBatch'])
        self.epoch = self.order = None

    def leaf_count(self, kind):
        if kind == 'train':
            return self.config['microBatchCount']
        count = len(self.validation) if kind == 'validation' else self.test_count
        return -(-count // EVALUATION_LEAF_SIZE)

    def examples(self, kind, step, leaf):
        """The leaf's examples, as indices into the training or the test set."""
        if kind != 'train':
            whole = self.validation if kind == 'validation' else np.arange(self.test_count)
            return whole[EVALUATION_LEAF_SIZE * leaf:][:EVALUATION_LEAF_SIZE]
        epoch, step = divmod(step, self.steps_per_epoch)
        if epoch != self.epoch:
            key = ar.random_key(self.seed, ar.PERMUTATION, epoch)
            self.epoch, self.order = epoch, self.training[ar.permutation(key, len(self.training))]
        batch = self.order[step * self.config['globalBatch']:][:self.config['globalBatch']]
        begin, end = ((leaf + i) * len(batch) // self.leaf_count(kind) for i in (0, 1))
        return batch[begin:end]

    def sum_leaf(self, kind, step, leaf, parameters):
        epoch = step // self.steps_per_epoch
        batch = Batch(kind == 'train', epoch, self.examples(kind, step, leaf))
        role = 'test' if kind == 'test' else 'train'
        images, labels = (self.data[role + what][batch.examples] for what in ('Images', 'Labels'))
        images = images.reshape(len(images), *self.model.layers[0].shape)
        if batch.training and any(self.config['augmentation'].values()):
            images = self.augment(images, batch)
        x = images.astype(f32)
        if images.dtype == np.uint8:  # and no features
            x = x / f32(255)
        return self.model.sum_leaf(parameters, x, labels, batch)

    def augment(self, images, batch):
        raise NotImplementedError('this worker does not augment images')

    def is_rounded(self, kind, lo, hi):
        """Whether the node's gradient is bfloat16 values."""
        least = 1 << max(0, (self.config['microBatchCount'] // 8).bit_length() - 1)
        return kind == 'train' and self.config['wire'] == 'bf16' and hi - lo >= least

    def sum_node(self, kind, step, lo, hi, parameters):
        if hi - lo == 1:
            total = self.sum_leaf(kind, step, lo, parameters)
        else:
            middle = ar.split_point(lo, hi)
            total = self.sum_node(kind, step, lo, middle, parameters)
            total = total + self.sum_node(kind, step, middle, hi, parameters)
        if self.is_rounded(kind, lo, hi):
            total[:self.model.size] = ar.round_to_bfloat16(total[:self.model.size])
        return total

    def partial_sums(self, kind, step, lo, hi, parameters):
        """Each maximal subtree of the share, with the bytes of its sum."""
        for node in ar.maximal_subtrees(0, self.leaf_count(kind), (lo, hi)):
            total = self.sum_node(kind, step, *node, parameters)
            rounded = self.model.size if self.is_rounded(kind, *node) else 0
            bfloat16 = (total[:rounded].view('u4') >> 16).astype('<u2')
            yield node, bfloat16.tobytes() + total[rounded:].tobytes()

    @classmethod
    def solve_challenge(cls, config, challenge):
        """The answer that shows that the bits are right: each stage of a tiny run's first step."""
        config = {**config, **challenge, 'validationCount': 0}
        count, seed = config['globalBatch'], int(config['seed'])
        shape = [config['model']['input'][side] for side in ('height', 'width', 'channels')]
        counters = np.arange(count)[:, None], np.arange(np.prod(shape))
        images = (ar.threefry(ar.random_key(seed, ar.CHALLENGE), counters)[0] >> 24).astype('u1')
        centered = (images.astype(f32) - f32(128)) / f32(64)
        labels = np.arange(count) % config['model']['layers'][-1]['outputs']
        if 'target' in config['dataset']:
            labels = centered[:, 0]
        if shape[:2] == [1, 1]:  # features
            images = centered
        if 'classWeights' in config:
            config['classWeights'] = np.arange(1, config['model']['layers'][-1]['outputs'] + 1)
        run = cls(config, {'trainImages': images, 'trainLabels': labels})
        draws = ar.uniform(ar.random_key(seed, ar.CHALLENGE, 1), np.arange(run.model.size))
        parameters = (2 * draws - 1).astype(f32)
        if config['wire'] == 'bf16':
            parameters = ar.round_to_bfloat16(parameters)
        run.sum_leaf('train', 0, 1, parameters)
        stages, leaves = run.model.stages, config['microBatchCount']
        sums = [run.sum_node('train', 0, leaf, leaf + 1, parameters) for leaf in range(leaves)]
        root = run.sum_node('train', 0, 0, leaves, parameters)
        return np.concatenate([stage.reshape(-1) for stage in (parameters, *stages, *sums, root)])
