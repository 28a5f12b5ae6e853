"""Dense and convolutional nets, one leaf at a time, as LAYERS.md defines them."""
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import arithmetic as ar
from arithmetic import f32, ordered_sum

FUNCTIONS = {  # the value at x, and the derivative from the value y and x
    'identity': (lambda x: x, lambda y, x: np.ones_like(x)),
    'relu': (lambda x: np.where(x < 0, f32(0), x), lambda y, x: (y > 0).astype(f32)),
    'leaky-relu': (lambda x: np.where(x < 0, x * f32(0.01), x),
                   lambda y, x: np.where(y > 0, f32(1), f32(0.01))),
    'sigmoid': (ar.sigmoid, lambda y, x: y * (f32(1) - y)),
    'tanh': (ar.tanh, lambda y, x: f32(1) - y * y),
}


class Layer:
    """Flattens. Between layers, examples are [rows, height, width, channels].

    `backward` gets the derivative by the output. It returns the one by the input, and those by the
    trained tensors.
    """

    trained = averages = ()  # the shapes of the tensors

    def __init__(self, spec, shape, index, config):
        self.spec, self.shape, self.index, self.config = spec, shape, index, config
        self.output = self.plan(*shape)

    def plan(self, height, width, channels):
        return 1, 1, height * width * channels

    def forward(self, x, batch):
        return x.reshape(len(x), *self.output)

    def backward(self, dy):
        return dy.reshape(len(dy), *self.shape), ()

    def product(self, a, b):
        """a [m, k] times b [k, n]. Each sum runs from +0 over k, in order."""
        c, multiply_add = np.zeros((len(a), b.shape[1]), f32), self.multiply_add
        for column, row in zip(a.T, b):
            c = multiply_add(column[:, None], row, c)
        return c

    @property
    def multiply_add(self):
        return ar.MULTIPLY_ADD[self.config['numerics']]


class Dense(Layer):
    """Vectors times the weight: one for each example, or for each patch of a convolution."""

    def plan(self, height, width, channels):
        inputs, outputs = height * width * channels, self.spec['outputs']
        self.trained = (inputs, outputs), (outputs,)
        return 1, 1, outputs

    def forward(self, x, batch, weight, bias):
        self.vectors = self.vectors_of(x)
        return (self.product(self.vectors, weight) + bias).reshape(len(x), *self.output)

    def backward(self, dy, weight, bias):
        flat = dy.reshape(-1, len(bias))
        gradients = self.product(self.vectors.T, flat), ordered_sum(flat)
        return self.input_gradient(dy, weight).reshape(len(dy), *self.shape), gradients

    def vectors_of(self, x):
        return x.reshape(len(x), -1)

    def input_gradient(self, dy, weight):
        return self.product(self.vectors_of(dy), weight.T)


def patches(images, kernel, stride):
    """Every patch as a vector: [rows * positions, kernel * kernel * channels]."""
    windows = sliding_window_view(images, (kernel, kernel), (1, 2))[:, ::stride, ::stride]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, kernel * kernel * images.shape[3])


class Conv2d(Dense):
    def plan(self, height, width, channels):
        kernel, filters = self.spec['kernel'], self.spec['filters']
        self.padding = (kernel - 1) // 2 if self.spec['padding'] == 'same' else 0
        self.trained = (kernel * kernel * channels, filters), (filters,)
        room = 2 * self.padding - kernel
        return *((side + room) // self.spec['stride'] + 1 for side in (height, width)), filters

    def vectors_of(self, x):
        edge = (self.padding, self.padding)
        return patches(np.pad(x, ((0, 0), edge, edge, (0, 0))), self.spec['kernel'],
                       self.spec['stride'])

    def input_gradient(self, dy, weight):
        """A convolution of dy, spread by the stride, with the turned kernels."""
        (height, width, channels), (rows, high, wide, filters) = self.shape, dy.shape
        kernel, stride = self.spec['kernel'], self.spec['stride']
        margin = kernel - 1 - self.padding
        spread = np.zeros((rows, height + kernel - 1, width + kernel - 1, filters), f32)
        spread[:, margin::stride, margin::stride][:, :high, :wide] = dy
        turned = weight.reshape(kernel, kernel, channels, filters)[::-1, ::-1].swapaxes(2, 3)
        return self.product(patches(spread, kernel, 1), turned.reshape(-1, channels))


class Pool(Layer):
    def plan(self, height, width, channels):
        size = self.spec['size']
        high, wide = height // size, width // size
        self.places = [np.s_[:, i:high * size:size, j:wide * size:size]
                       for i in range(size) for j in range(size)]  # in a window, row by row
        return high, wide, channels

    def forward(self, x, batch):
        windows = np.stack([x[place] for place in self.places])
        if self.spec['type'] == 'average-pool':
            return ordered_sum(windows) / f32(len(windows))
        self.largest = windows.argmax(0)  # the first one of equal values
        return np.take_along_axis(windows, self.largest[None], 0)[0]

    def backward(self, dy):
        dx = np.zeros((len(dy), *self.shape), f32)
        for i, place in enumerate(self.places):
            if self.spec['type'] == 'average-pool':
                dx[place] = dy / f32(len(self.places))
            else:
                dx[place] = np.where(self.largest == i, dy, f32(0))
        return dx, ()


class Activation(Layer):
    def plan(self, *shape):
        self.function, self.derivative = entry(FUNCTIONS, self.spec['function'])
        return shape

    def forward(self, x, batch):
        self.x, self.y = x, self.function(x)
        return self.y

    def backward(self, dy):
        return dy * self.derivative(self.y, self.x), ()


LAYERS = {'dense': Dense, 'conv2d': Conv2d, 'max-pool': Pool, 'average-pool': Pool,
          'activation': Activation, 'flatten': Layer}


def entry(table, name):
    if name not in table:
        raise NotImplementedError(f'this worker has no {name}, only {", ".join(table)}')
    return table[name]


def cross_entropy(logits, target):
    """The loss of each row, and its derivative by the logits."""
    shifted = logits - logits.max(1, keepdims=True)
    powers = ar.exp(shifted)
    total = ordered_sum(powers.T)
    loss = ar.log(total) - ordered_sum((target * shifted).T)
    return loss, powers / total[:, None] - target


def squared_error(logits, target):
    dy = logits - target
    return ordered_sum((f32(0.5) * (dy * dy)).T), dy


LOSSES = {'cross-entropy': cross_entropy, 'squared-error': squared_error}
# Of numbers as targets: the largest size of the derivative.
NUMBER_LOSSES = {'squared-error': f32(np.inf), 'huber': f32(1)}


def number_outcome(outputs, targets, limit):
    """As `Model.outcome`: the loss, the squared and the absolute error of each row."""
    error = outputs[:, 0] - targets
    size, square = np.abs(error), error * error
    loss = np.where(size <= limit, f32(0.5) * square, size - f32(0.5))
    return np.clip(error, -limit, limit)[:, None], [loss, square, size]


class Model:
    """All tensors have a place in one flat vector: first the trained ones, then the averages."""

    def __init__(self, config):
        self.config, self.layers = config, []
        self.is_number = 'target' in config.get('dataset', ())
        self.loss = entry(NUMBER_LOSSES if self.is_number else LOSSES, config['loss'])
        shape = tuple(config['model']['input'][side] for side in ('height', 'width', 'channels'))
        for index, spec in enumerate(config['model']['layers']):
            self.layers.append(entry(LAYERS, spec['type'])(spec, shape, index, config))
            shape = self.layers[-1].output
        self.size, self.places = 0, [[] for _ in self.layers]
        for kind in ('trained', 'averages'):
            for layer, places in zip(self.layers, self.places):
                for tensor in getattr(layer, kind):
                    places.append((slice(self.size, self.size + prod(tensor)), tensor))
                    self.size += prod(tensor)

    def sum_leaf(self, parameters, x, labels, batch):
        """The gradient's sum over the examples, then the sums of the measures."""
        result = np.zeros((self.size if batch.training else 0) + 2 + self.is_number, f32)
        if len(x) == 0:
            return result
        tensors = [[parameters[at].reshape(shape) for at, shape in p] for p in self.places]
        self.stages = [x]  # of the challenge
        for layer, own in zip(self.layers, tensors):
            x = layer.forward(x, batch, *own)
            if layer.spec['type'] != 'flatten':
                self.stages.append(x)
        dy, measures = self.outcome(x.reshape(len(x), -1), labels, batch)
        self.stages += measures
        result[-len(measures):] = [ordered_sum(measure) for measure in measures]
        if batch.training:
            dy = dy.reshape(x.shape)
            for layer, own, places in reversed([*zip(self.layers, tensors, self.places)]):
                dy, gradients = layer.backward(dy, *own)
                for (at, _), gradient in zip(places, gradients):
                    result[at] = gradient.reshape(-1)
        return result

    def outcome(self, logits, labels, batch):
        """The derivative by the logits, and the measures of each row: loss and correct count."""
        if self.is_number:
            return number_outcome(logits, labels, self.loss)
        loss, dy = self.loss(logits, self.targets(logits.shape, labels, batch))
        if batch.training and 'classWeights' in self.config:
            weights = np.asarray(self.config['classWeights'], f32)[labels]
            loss, dy = loss * weights, dy * weights[:, None]
        return dy, [loss, (logits.argmax(1) == labels).astype(f32)]

    def targets(self, shape, labels, batch):
        smoothing = self.config['labelSmoothing'] if batch.training else 0
        targets = np.full(shape, f32(smoothing / shape[1]))
        targets[np.arange(len(labels)), labels] = f32(1 - smoothing + smoothing / shape[1])
        return targets
