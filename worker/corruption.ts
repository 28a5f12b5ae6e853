/** Flips a random bit of a vector, with the given probability. */
export function createCorruption(probability: number): (vector: Float32Array) => void {
  return (vector) => {
    if (Math.random() >= probability) return;
    const words = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
    words[Math.floor(Math.random() * words.length)] ^= 1 << Math.floor(Math.random() * 32);
  };
}
