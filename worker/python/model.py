"""The layers and the loss of a model, for one leaf at a time. See shared/protocol/."""
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import arithmetic as ar
from arithmetic import f32, ordered_sum

RELU_SLOPES = {'relu': f32(0), 'leaky-relu': f32(0.01)}
SMOOTH = {  # the value, and the derivative from value and input
    'identity': (lambda x: x, lambda y, x: np.ones_like(x)),
    'sigmoid': (ar.sigmoid, lambda y, x: y * (f32(1) - y)),
    'tanh': (ar.tanh, lambda y, x: f32(1) - y * y),
    'gelu': (ar.gelu, lambda y, x: ar.gelu_slope(x)),
    'softplus': (ar.softplus, lambda y, x: ar.sigmoid(x)),
}


class Layer:
    """Images are [rows, height, width, channels]. `backward` returns dx and the gradients."""
    trained = averages = ()  # the shapes of the tensors

    def __init__(self, spec, shape, index, config):
        self.spec, self.shape, self.output, self.index = spec, shape, shape, index
        self.multiply_add = ar.MULTIPLY_ADD[config['numerics']]
        self.seed = int(config['seed'])
        self.plan()

    def plan(self):
        pass

    def product(self, a, b):
        """a [m, k] times b [k, n]. Each sum runs from +0 over k, in order."""
        c = np.zeros((a.shape[0], b.shape[1]), f32)
        for l in range(a.shape[1]):
            c = self.multiply_add(a[:, l:l + 1], b[l:l + 1], c)
        return c


class Flatten(Layer):
    def plan(self):
        self.output = (1, 1, prod(self.shape))

    def forward(self, x, batch):
        return x.reshape(len(x), *self.output)

    def backward(self, dy):
        return dy.reshape(len(dy), *self.shape), []


class Dense(Layer):
    def plan(self):
        inputs, outputs = prod(self.shape), self.spec['outputs']
        self.output, self.trained = (1, 1, outputs), ((inputs, outputs), (outputs,))

    def forward(self, x, batch, weight, bias):
        self.x = x.reshape(len(x), -1)
        return (self.product(self.x, weight) + bias).reshape(len(x), *self.output)

    def backward(self, dy, weight, bias):
        dy = dy.reshape(len(dy), -1)
        dx = self.product(dy, weight.T)
        return dx.reshape(len(dy), *self.shape), [self.product(self.x.T, dy), ordered_sum(dy)]


def patches(images, kernel, stride):
    """Every patch as a row: [rows * positions, kernel * kernel * channels]."""
    windows = sliding_window_view(images, (kernel, kernel), (1, 2))[:, ::stride, ::stride]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, kernel * kernel * images.shape[3])


class Conv2d(Layer):
    def plan(self):
        (height, width, channels), spec = self.shape, self.spec
        self.kernel, self.stride, filters = spec['kernel'], spec['stride'], spec['filters']
        self.padding = (self.kernel - 1) // 2 if spec['padding'] == 'same' else 0
        extent = lambda size: (size + 2 * self.padding - self.kernel) // self.stride + 1
        self.output = (extent(height), extent(width), filters)
        self.trained = ((self.kernel, self.kernel, channels, filters), (filters,))

    def forward(self, x, batch, weight, bias):
        p = self.padding
        padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        self.patches = patches(padded, self.kernel, self.stride)
        y = self.product(self.patches, weight.reshape(-1, weight.shape[3])) + bias
        return y.reshape(len(x), *self.output)

    def backward(self, dy, weight, bias):
        (height, width, channels), kernel, stride = self.shape, self.kernel, self.stride
        rows, high, wide, filters = dy.shape
        margin = kernel - 1 - self.padding
        spread = np.zeros((rows, height + kernel - 1, width + kernel - 1, filters), f32)
        spread[:, margin::stride, margin::stride][:, :high, :wide] = dy
        turned = weight[::-1, ::-1].transpose(0, 1, 3, 2).reshape(-1, channels)
        dx = self.product(patches(spread, kernel, 1), turned).reshape(rows, *self.shape)
        dy = dy.reshape(-1, filters)
        return dx, [self.product(self.patches.T, dy), ordered_sum(dy)]


class Pool(Layer):
    def plan(self):
        self.size, (height, width, channels) = self.spec['size'], self.shape
        self.output = (height // self.size, width // self.size, channels)

    def forward(self, x, batch):
        (high, wide, channels), size = self.output, self.size
        inside = x[:, :high * size, :wide * size].reshape(-1, high, size, wide, size, channels)
        windows = inside.transpose(2, 4, 0, 1, 3, 5).reshape(size * size, len(x), *self.output)
        if self.spec['type'] == 'average-pool':
            return ordered_sum(windows) / f32(size * size)
        self.largest = windows.argmax(0)[None]  # the first one of equal values
        return np.take_along_axis(windows, self.largest, 0)[0]

    def backward(self, dy):
        (high, wide, channels), size, rows = self.output, self.size, len(dy)
        dx, windows = np.zeros((rows, *self.shape), f32), np.zeros((size * size, *dy.shape), f32)
        if self.spec['type'] == 'average-pool':
            windows[:] = dy / f32(size * size)
        else:
            np.put_along_axis(windows, self.largest, dy[None], 0)
        inside = windows.reshape(size, size, rows, high, wide, channels).transpose(2, 3, 0, 4, 1, 5)
        dx[:, :high * size, :wide * size] = inside.reshape(rows, high * size, wide * size, channels)
        return dx, []


class Activation(Layer):
    def forward(self, x, batch):
        name = self.spec['function']
        self.x, slope = x, RELU_SLOPES.get(name)
        self.y = SMOOTH[name][0](x) if slope is None else np.where(x < 0, x * slope, x)
        if name == 'relu':
            self.y = np.where(x < 0, f32(0), x)  # and not -0
        return self.y

    def backward(self, dy):
        name = self.spec['function']
        if name in RELU_SLOPES:
            return dy * np.where(self.y > 0, f32(1), RELU_SLOPES[name]), []
        return dy * SMOOTH[name][1](self.y, self.x), []


class Dropout(Layer):
    def forward(self, x, batch):
        if not batch.training:
            return x
        rate, values = self.spec['rate'], np.arange(prod(self.shape))
        layer_key = ar.random_key(self.seed, ar.DROPOUT, self.index)
        key = ar.threefry(layer_key, (batch.epoch, batch.examples[:, None]))
        is_dropped = ar.threefry(key, (values, 0))[0] < int(rate * 2**32)
        self.factors = np.where(is_dropped, f32(0), f32(1 / (1 - rate))).reshape(x.shape)
        return x * self.factors

    def backward(self, dy):
        return dy * self.factors, []


class BatchNorm(Layer):
    def plan(self):
        self.trained = self.averages = ((self.shape[2],),) * 2

    def forward(self, x, batch, scale, shift, mean, variance):
        if batch.training:
            pixels, size = x.reshape(-1, self.shape[2]), f32(x[..., 0].size)
            mean = ordered_sum(pixels) / size
            variance = ordered_sum((pixels - mean) * (pixels - mean)) / size
            self.means = [mean * f32(len(x)), variance * f32(len(x))]
        self.factor = f32(1) / np.sqrt(variance + f32(1e-5))
        self.normalized = (x - mean) * self.factor
        return self.normalized * scale + shift

    def backward(self, dy, scale, shift, mean, variance):
        flat, size = dy.reshape(-1, self.shape[2]), f32(dy[..., 0].size)
        d_scale = ordered_sum(flat * self.normalized.reshape(flat.shape))
        d_shift = ordered_sum(flat)
        dx = (dy - d_shift / size) - self.normalized * (d_scale / size)
        return dx * (scale * self.factor), [d_scale, d_shift, *self.means]


LAYERS = {'dense': Dense, 'conv2d': Conv2d, 'max-pool': Pool, 'average-pool': Pool,
          'flatten': Flatten, 'activation': Activation, 'dropout': Dropout, 'batch-norm': BatchNorm}


class Model:
    """All tensors have a place in one flat vector: first the trained ones, then the averages."""

    def __init__(self, config):
        self.config, self.layers = config, []
        shape = tuple(config['model']['input'][side] for side in ('height', 'width', 'channels'))
        for index, spec in enumerate(config['model']['layers']):
            self.layers.append(LAYERS[spec['type']](spec, shape, index, config))
            shape = self.layers[-1].output
        self.classes, self.size, self.places = shape[2], 0, [[] for _ in self.layers]
        for kind in ('trained', 'averages'):
            for layer, places in zip(self.layers, self.places):
                for tensor in getattr(layer, kind):
                    places.append((slice(self.size, self.size + prod(tensor)), tensor))
                    self.size += prod(tensor)

    def sum_leaf(self, parameters, x, labels, batch):
        """The gradient's sum over the examples, then the loss and the correct count."""
        result = np.zeros((self.size if batch.training else 0) + 2, f32)
        if len(x) == 0:
            return result
        tensors = [[parameters[at].reshape(shape) for at, shape in p] for p in self.places]
        self.stages = [x]
        for layer, own in zip(self.layers, tensors):
            x = layer.forward(x, batch, *own)
            if not isinstance(layer, Flatten):
                self.stages.append(x)
        loss, dy, correct = self.lose(x.reshape(len(x), -1), labels, batch.training)
        if batch.training and 'classWeights' in self.config:
            weights = np.asarray(self.config['classWeights'], f32)[labels]
            loss, dy = loss * weights, dy * weights[:, None]
        self.stages += [loss, correct]
        result[-2:] = ordered_sum(loss), ordered_sum(correct)
        if batch.training:
            dy = dy.reshape(x.shape)
            for layer, own, places in reversed([*zip(self.layers, tensors, self.places)]):
                dy, gradients = layer.backward(dy, *own)
                for (at, _), gradient in zip(places, gradients):
                    result[at] = gradient.reshape(-1) + f32(0)
        return result

    def lose(self, logits, labels, training):
        rows, smoothing = np.arange(len(logits)), self.config['labelSmoothing'] if training else 0
        target = np.full(logits.shape, f32(smoothing / self.classes))
        target[rows, labels] = f32(1 - smoothing + smoothing / self.classes)
        correct = (logits.argmax(1) == labels).astype(f32)
        if self.config['loss'] == 'squared-error':
            dy = logits - target
            return ordered_sum((f32(0.5) * (dy * dy)).T), dy, correct
        shifted = logits - logits.max(1, keepdims=True)
        powers = ar.exp(shifted)
        total = ordered_sum(powers.T)
        loss = ar.log(total) - ordered_sum((target * shifted).T)
        return loss, powers / total[:, None] - target, correct
