/**
 * Elementary functions in f32 arithmetic. Every operation is an IEEE 754 f32 add, subtract,
 * multiply or divide, in a fixed order, so all machines agree to the last bit. `Math.exp` and
 * similar functions differ between engines and versions.
 *
 * Methods and coefficients: S. Moshier, Cephes Mathematical Library 2.2 (expf.c, logf.c, tanhf.c),
 * 1992.
 */
const f32 = Math.fround;

/** Coefficients of a polynomial, highest power first, each rounded to f32. */
const coefficients = (...values: number[]): Float32Array => Float32Array.from(values);

/** The value of the polynomial at `x`, by Horner's rule. */
function polynomial(terms: Float32Array, x: number): number {
  let y = terms[0];
  for (let i = 1; i < terms.length; i++) y = f32(f32(y * x) + terms[i]);
  return y;
}

const bits = new Int32Array(1);
const bitsAsFloat = new Float32Array(bits.buffer);

/** 2ⁿ for an integer n from -126 to 127, built from its bit pattern. */
function powerOfTwo(n: number): number {
  bits[0] = (n + 127) << 23;
  return bitsAsFloat[0];
}

/** ln 2 in two parts. The high part has so few bits that its product with an exponent is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = f32(-2.1219444e-4);
const LOG2_E = f32(Math.LOG2E);
const EXP_MAX = f32(88.72283);
const EXP_MIN = f32(-103.97208);
const EXP_TERMS = coefficients(
  1.98756915e-4,
  1.3981999507e-3,
  8.3334519073e-3,
  4.1665795894e-2,
  1.6666665459e-1,
  5.0000001201e-1,
);

/**
 * eˣ, within 2 ulp of the true value. A subnormal result is within one subnormal step. `x` must be
 * an f32.
 */
export function exp(x: number): number {
  if (x > EXP_MAX) return Infinity;
  if (x < EXP_MIN) return 0;
  if (Number.isNaN(x)) return NaN;
  const n = Math.floor(f32(f32(LOG2_E * x) + 0.5));
  const r = f32(f32(x - f32(n * LN2_HIGH)) - f32(n * LN2_LOW));
  const y = f32(f32(f32(polynomial(EXP_TERMS, r) * f32(r * r)) + r) + 1);
  // 2ⁿ may be out of range although the result is not, so two factors share the exponent.
  const half = n >> 1;
  return f32(f32(y * powerOfTwo(half)) * powerOfTwo(n - half));
}

const SQRT_HALF = f32(Math.SQRT1_2);
const TWO_TO_23 = 2 ** 23;
const SMALLEST_NORMAL = 2 ** -126;
const LOG_TERMS = coefficients(
  7.0376836292e-2,
  -1.151461031e-1,
  1.167699874e-1,
  -1.2420140846e-1,
  1.4249322787e-1,
  -1.6668057665e-1,
  2.0000714765e-1,
  -2.4999993993e-1,
  3.3333331174e-1,
);

/** ln x, within 2 ulp of the true value. -∞ at 0 and NaN below 0. `x` must be an f32. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : NaN;
  if (x === Infinity) return Infinity;
  const isSubnormal = x < SMALLEST_NORMAL;
  bitsAsFloat[0] = isSubnormal ? x * TWO_TO_23 : x;
  // x = m · 2^e with m in [√½, √2), so ln x = ln m + e · ln 2
  let e = (bits[0] >>> 23) - 126 - (isSubnormal ? 23 : 0);
  bits[0] = (bits[0] & 0x007fffff) | 0x3f000000;
  let m = bitsAsFloat[0];
  if (m < SQRT_HALF) {
    e -= 1;
    m = f32(m + m);
  }
  m = f32(m - 1);
  const square = f32(m * m);
  let y = f32(f32(polynomial(LOG_TERMS, m) * m) * square);
  y = f32(y + f32(e * LN2_LOW));
  y = f32(y - f32(0.5 * square));
  return f32(f32(m + y) + f32(e * LN2_HIGH));
}

const TANH_SMALL = 0.625;
const TANH_TERMS = coefficients(
  -5.70498872745e-3,
  2.06390887954e-2,
  -5.37397155531e-2,
  1.33314422036e-1,
  -3.33332819422e-1,
);

/** tanh x, within 2 ulp of the true value. `x` must be an f32. */
export function tanh(x: number): number {
  const size = Math.abs(x);
  if (size < TANH_SMALL) {
    const square = f32(x * x);
    return f32(f32(f32(polynomial(TANH_TERMS, square) * square) * x) + x);
  }
  const y = f32(1 - f32(2 / f32(exp(f32(size + size)) + 1)));
  return x < 0 ? -y : y;
}

/** 1 / (1 + e⁻ˣ), within 3 ulp of the true value. `x` must be an f32. */
export function sigmoid(x: number): number {
  return f32(1 / f32(1 + exp(-x)));
}

/** ln(1 + eˣ), as max(x, 0) + ln(1 + e^-|x|), which cannot overflow. `x` must be an f32. */
export function softplus(x: number): number {
  const rest = log(f32(1 + exp(-Math.abs(x))));
  return f32((x < 0 ? 0 : x) + rest);
}

const GELU_SCALE = f32(Math.sqrt(2 / Math.PI));
const GELU_CUBIC = f32(0.044715);

/**
 * The Gaussian error linear unit, approximated with tanh. `x` must be an f32.
 * (D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016.)
 */
export function gelu(x: number): number {
  return f32(f32(0.5 * x) * f32(1 + tanh(geluArgument(x))));
}

/** The derivative of {@link gelu}. `x` must be an f32. */
export function geluSlope(x: number): number {
  const t = tanh(geluArgument(x));
  const inner = f32(GELU_SCALE * f32(1 + f32(f32(3 * GELU_CUBIC) * f32(x * x))));
  return f32(f32(0.5 * f32(1 + t)) + f32(f32(f32(0.5 * x) * f32(1 - f32(t * t))) * inner));
}

function geluArgument(x: number): number {
  return f32(GELU_SCALE * f32(x + f32(GELU_CUBIC * f32(f32(x * x) * x))));
}

/**
 * cos(π · t) for t in [0, 1], in f64. Computed as the Taylor series of sin(π/2 - π·t), whose
 * argument is at most π/2 in size. Eleven terms after the first leave an error below one f64
 * rounding. Learning-rate schedules use this function, because they must agree between machines
 * too.
 */
export function cosPi(t: number): number {
  const x = Math.PI * (0.5 - t);
  let term = x;
  let sum = x;
  for (let n = 2; n <= 22; n += 2) {
    term = (-term * x * x) / (n * (n + 1));
    sum += term;
  }
  return Math.min(1, Math.max(-1, sum));
}
