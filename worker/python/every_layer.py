"""What dense and convolutional nets do not need: the other layers, functions and augmentation."""
from math import prod

import numpy as np

import arithmetic as ar
import run
from arithmetic import f32, ordered_sum
from model import FUNCTIONS, LAYERS, Layer

DROPOUT, AUGMENTATION = 5, 6
GELU_SCALE, GELU_CUBIC = f32(np.sqrt(2 / np.pi)), f32(0.044715)


def softplus(x):
    return np.where(x < 0, f32(0), x) + ar.log(f32(1) + ar.exp(-np.abs(x)))


def gelu_tanh(x):
    return ar.tanh(GELU_SCALE * (x + GELU_CUBIC * ((x * x) * x)))


def gelu(x):
    return (f32(0.5) * x) * (f32(1) + gelu_tanh(x))


def gelu_slope(x):
    t = gelu_tanh(x)
    inner = GELU_SCALE * (f32(1) + (f32(3) * GELU_CUBIC) * (x * x))
    return f32(0.5) * (f32(1) + t) + ((f32(0.5) * x) * (f32(1) - t * t)) * inner


class Dropout(Layer):
    def plan(self, *shape):
        return shape

    def forward(self, x, batch):
        if not batch.training:
            return x
        rate, values = self.spec['rate'], np.arange(prod(self.shape))
        layer_key = ar.random_key(int(self.config['seed']), DROPOUT, self.index)
        key = ar.threefry(layer_key, (batch.epoch, batch.examples[:, None]))
        is_dropped = ar.threefry(key, (values, 0))[0] < int(rate * 2**32)
        self.factors = np.where(is_dropped, f32(0), f32(1 / (1 - rate))).reshape(x.shape)
        return x * self.factors

    def backward(self, dy):
        return dy * self.factors, ()


class BatchNorm(Layer):
    def plan(self, *shape):
        self.trained = self.averages = ((shape[2],),) * 2
        return shape

    def forward(self, x, batch, scale, shift, mean, variance):
        if batch.training:
            pixels, size = x.reshape(-1, self.shape[2]), f32(x[..., 0].size)
            mean = ordered_sum(pixels) / size
            variance = ordered_sum((pixels - mean) * (pixels - mean)) / size
            self.means = mean * f32(len(x)), variance * f32(len(x))
        self.factor = f32(1) / np.sqrt(variance + f32(1e-5))
        self.normalized = (x - mean) * self.factor
        return self.normalized * scale + shift

    def backward(self, dy, scale, shift, mean, variance):
        flat, size = dy.reshape(-1, self.shape[2]), f32(dy[..., 0].size)
        d_scale = ordered_sum(flat * self.normalized.reshape(flat.shape))
        d_shift = ordered_sum(flat)
        dx = (dy - d_shift / size) - self.normalized * (d_scale / size)
        return dx * (scale * self.factor), (d_scale, d_shift, *self.means)


FUNCTIONS |= {
    'gelu': (gelu, lambda y, x: gelu_slope(x)),
    'softplus': (softplus, lambda y, x: ar.sigmoid(x)),
}
LAYERS |= {'dropout': Dropout, 'batch-norm': BatchNorm}


class Run(run.Run):
    def augment(self, images, batch):
        examples = zip(images, batch.examples)
        return np.array([self.alter(image, batch.epoch, index) for image, index in examples])

    def alter(self, image, epoch, example):
        """Mirrors, moves and covers an image, if the example's random numbers say so."""
        settings = self.config['augmentation']
        flip, shift, erase = settings['flip'], settings['shift'], settings['erase']
        (height, width, channels), key = image.shape, ar.random_key(self.seed, AUGMENTATION)
        key = ar.threefry(key, (epoch, example))
        draws = ar.uniform(key, np.arange(8)).tolist()
        image = image[:, ::-1] if draws[0] < flip else image
        down, right = (int(draw * (2 * shift + 1)) - shift for draw in draws[1:3])
        frame = (max(down, 0), max(-down, 0)), (max(right, 0), max(-right, 0)), (0, 0)
        framed = np.pad(image, frame)
        image = framed[max(-down, 0):, max(-right, 0):][:height, :width].copy()
        if draws[3] < erase:
            area = (0.02 + draws[4] * (0.33 - 0.02)) * height * width
            ratio = 1 / 3.3 + draws[5] * (3.3 - 1 / 3.3)
            rows = min(height, max(1, int((area * ratio)**0.5 + 0.5)))
            columns = min(width, max(1, int((area / ratio)**0.5 + 0.5)))
            top, left = int(draws[6] * (height - rows + 1)), int(draws[7] * (width - columns + 1))
            noise = ar.threefry(key, (np.arange(8, 8 + rows * columns * channels), 0))[0] >> 24
            image[top:top + rows, left:left + columns] = noise.reshape(rows, columns, channels)
        return image
