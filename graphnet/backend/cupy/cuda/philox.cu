// Random numbers that depend on what they are for: see graphnet/backend/philox.py, whose
// uniforms these are bit for bit.
//
// Launch: x covers the blocks of one sample (as many as it has elements, divided by NUMBERS,
// rounded up), y the samples. Each thread computes one block of Philox4x64-10 and writes the
// numbers it gives.

typedef unsigned long long word;

struct Block { word w[4]; };

__device__ inline Block philox(word b, word sample, word iteration, word key0, word key1)
{
    Block c = {{b, sample, iteration, 0}};
    for (int round = 0; round < 10; ++round) {
        const word high0 = __umul64hi(0xD2E7470EE14C6C93ull, c.w[0]);
        const word low0 = 0xD2E7470EE14C6C93ull * c.w[0];
        const word high1 = __umul64hi(0xCA5A826395121157ull, c.w[2]);
        const word low1 = 0xCA5A826395121157ull * c.w[2];
        c = {{high1 ^ c.w[1] ^ key0, low1, high0 ^ c.w[3] ^ key1, low0}};
        key0 += 0x9E3779B97F4A7C15ull;
        key1 += 0xBB67AE8584CAA73Bull;
    }
    return c;
}

__device__ inline double uniform53(word w) { return (w >> 11) * 0x1p-53; }

// The k-th uniform of a block. Of a float, the k-th half word, low halves first; sizeof(real)
// is known when this is compiled.
__device__ inline real uniform(const Block& block, int k)
{
    if (sizeof(real) == 8) return (real)uniform53(block.w[k]);
    const unsigned half = (unsigned)(block.w[k / 2] >> (k % 2 ? 32 : 0));
    return (real)((half >> 8) * 0x1p-24f);
}

// out (n_sample, size): U[0, 1). NUMBERS = 8 floats or 4 doubles.
extern "C" __global__ void fill_uniform(
    real* __restrict__ out, word key0, word key1, word iteration, word first_sample,
    int n_sample, int size)
{
    const int numbers = 32 / sizeof(real);
    const int b = blockIdx.x * blockDim.x + threadIdx.x;
    const int first = b * numbers;
    if (b >= (size - 1) / numbers + 1) return;
    for (int n = blockIdx.y; n < n_sample; n += gridDim.y) {
        const Block block = philox(b, first_sample + n, iteration, key0, key1);
        real* row = out + (long long)n * size;
#pragma unroll
        for (int k = 0; k < numbers; ++k)
            if (k < size - first) row[first + k] = uniform(block, k);
    }
}

// out (n_sample, size): N(0, 1), two from each pair of double uniforms. NUMBERS = 4.
extern "C" __global__ void fill_normal(
    real* __restrict__ out, word key0, word key1, word iteration, word first_sample,
    int n_sample, int size)
{
    const int b = blockIdx.x * blockDim.x + threadIdx.x;
    const int first = b * 4;
    if (b >= (size - 1) / 4 + 1) return;
    for (int n = blockIdx.y; n < n_sample; n += gridDim.y) {
        const Block block = philox(b, first_sample + n, iteration, key0, key1);
        real* row = out + (long long)n * size;
#pragma unroll
        for (int k = 0; k < 4; k += 2) {
            const double radius = sqrt(-2 * log(1 - uniform53(block.w[k])));
            double sine, cosine;
            sincospi(2 * uniform53(block.w[k + 1]), &sine, &cosine);
            if (k < size - first) row[first + k] = (real)(radius * cosine);
            if (k + 1 < size - first) row[first + k + 1] = (real)(radius * sine);
        }
    }
}
