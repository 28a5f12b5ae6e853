"""Numbers that are the same to the last bit everywhere, as NUMBERS.md defines them."""
import numpy as np

np.seterr(all='ignore')
f32 = np.float32
PERMUTATION, VALIDATION_SPLIT, CHALLENGE = 1, 3, 9  # purposes of random keys


def threefry(key, counter):
    """Threefry-2x32, elementwise. Key and counter are pairs of words, or of arrays of words."""
    k0, k1, x0, x1 = (np.atleast_1d(np.asarray(word, np.uint32)) for word in (*key, *counter))
    keys = k0, k1, k0 ^ k1 ^ np.uint32(0x1BD11BDA)
    x0, x1 = x0 + k0, x1 + k1
    for group in range(1, 6):
        for turn in (13, 15, 26, 6) if group % 2 else (17, 29, 16, 24):
            x0 = x0 + x1
            x1 = (x1 << turn | x1 >> (32 - turn)) ^ x0
        x0 = x0 + keys[group % 3]
        x1 = x1 + keys[(group + 1) % 3] + np.uint32(group)
    return x0, x1


def random_key(seed, purpose, index=0):
    return threefry((seed & 0xFFFFFFFF, seed >> 32), (purpose, index))


def uniform(key, counter):
    """f64 values in [0, 1), one for each counter."""
    high, low = threefry(key, (counter, 0))
    return ((high >> 5) * 2.0**26 + (low >> 6)) * 2.0**-53


def permutation(key, count):
    order, places = np.arange(count), np.arange(count)
    for i, j in reversed([*zip(places, (uniform(key, places) * (places + 1)).astype(int))]):
        order[i], order[j] = order[j], order[i]
    return order


def split_point(lo, hi):
    return lo + (1 << ((hi - lo - 1).bit_length() - 1))


def maximal_subtrees(lo, hi, share):
    """The largest nodes below [lo, hi) that lie inside the share."""
    if hi <= share[0] or share[1] <= lo:
        return []
    if share[0] <= lo and hi <= share[1]:
        return [(lo, hi)]
    middle = split_point(lo, hi)
    return maximal_subtrees(lo, middle, share) + maximal_subtrees(middle, hi, share)


def ordered_sum(terms):
    """The sum along the first axis, from +0 and in order: the last + 0 turns -0 into +0."""
    return np.add.accumulate(terms)[-1] + f32(0)


def round_to_bfloat16(values):
    bits = values.view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + (bits >> 16 & np.uint32(1)) & np.uint32(0xFFFF0000)
    return np.where(np.isnan(values), values, rounded.view(f32))


def strict(a, b, total):
    return total + a * b


def fused(a, b, total):
    """a * b + total, rounded once: the exact product and a sum that is rounded to odd, in f64."""
    product, total = a.astype('f8') * b, total.astype('f8')
    result = product + total
    rest = result - product
    error = (product - (result - rest)) + (total - rest)
    bits = result.view(np.int64)
    is_inexact = np.isfinite(result) & (error != 0) & (bits & 1 == 0)
    step = np.where((error > 0) == (result > 0), 1, -1)
    return np.where(is_inexact, bits + step, bits).view('f8').astype(f32)


MULTIPLY_ADD = {'strict': strict, 'fused': fused}
EXP_TERMS = (1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
             5.0000001201e-1)
LOG_TERMS = (7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1,
             -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
TANH_TERMS = (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1,
              -3.33332819422e-1)
LN2_HIGH, LN2_LOW, LOG2_E = f32(0.693359375), f32(-2.1219444e-4), f32(1.4426950408889634)
EXP_MIN, EXP_MAX = f32(-103.97208), f32(88.72283)


def polynomial(terms, x):
    y = f32(terms[0])
    for term in terms[1:]:
        y = y * x + f32(term)
    return y


def exp(x):
    inside = np.clip(x, EXP_MIN, EXP_MAX)
    n = np.floor(LOG2_E * inside + f32(0.5))
    r = (inside - n * LN2_HIGH) - n * LN2_LOW
    y = (polynomial(EXP_TERMS, r) * (r * r) + r) + f32(1)
    n = n.astype(np.int32)
    y = y * np.ldexp(f32(1), n >> 1) * np.ldexp(f32(1), n - (n >> 1))
    return np.select([x < EXP_MIN, x > EXP_MAX], [f32(0), f32(np.inf)], y)


def log(x):
    m, e = np.frexp(x)
    is_small = m < f32(np.sqrt(0.5))
    e = (e - is_small).astype(f32)
    m = np.where(is_small, m + m, m) - f32(1)
    square = m * m
    y = (polynomial(LOG_TERMS, m) * m) * square
    y = (y + e * LN2_LOW) - f32(0.5) * square
    y = (m + y) + e * LN2_HIGH
    special = [x == 0, x < 0, x == np.inf]
    return np.select(special, [f32(-np.inf), f32(np.nan), x], y)


def tanh(x):
    square = x * x
    near = (polynomial(TANH_TERMS, square) * square) * x + x
    far = f32(1) - f32(2) / (exp(np.abs(x) + np.abs(x)) + f32(1))
    return np.where(np.abs(x) < f32(0.625), near, np.where(x < 0, -far, far))


def sigmoid(x):
    return f32(1) / (f32(1) + exp(-x))
