// Rounding to 16 bits, for what CuPy has no type of its own.

// out[i] = the bits of values[i] as a bfloat16: the nearest, of two the even one; NaN stays NaN.
// Launch: x any number of threads, which go on in steps of the whole grid.
extern "C" __global__ void to_bfloat16(
    const real* __restrict__ values, unsigned short* __restrict__ out, long long size)
{
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < size;
         i += (long long)gridDim.x * blockDim.x) {
        union { float number; unsigned int bits; } value;
        value.number = (float)values[i];
        const unsigned int bits = value.bits;
        const bool is_nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
        out[i] = is_nan ? 0x7FC0u : (unsigned short)((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
    }
}
