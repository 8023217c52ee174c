// Picking elements and rows by index, and sending them back. Indices are known to be valid.
//
// Everything is moved as it is: `real` says only how long an element is. Elements are counted
// by long long; threads go on in steps of the whole grid.

// out[i] = flat[index[i]]. Launch: x any number of threads.
extern "C" __global__ void gather(
    const real* __restrict__ flat, const long long* __restrict__ index, real* __restrict__ out,
    long long size)
{
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < size;
         i += (long long)gridDim.x * blockDim.x)
        out[i] = flat[index[i]];
}

// flat[index[i]] = values[i]; no index comes twice. Launch: x any number of threads.
extern "C" __global__ void scatter(
    real* __restrict__ flat, const long long* __restrict__ index,
    const real* __restrict__ values, long long size)
{
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < size;
         i += (long long)gridDim.x * blockDim.x)
        flat[index[i]] = values[i];
}

#define ROW_THREADS 256

// table, all zeros before, becomes at each row the sum of the values that belong there.
//
// values (n, width); place (n, width) says where in the table each of its elements belongs, so
// that place[j * width] is the place of the whole row j. Launch: x a block of ROW_THREADS for
// each row of the values, y as many as cover the width. The block of the first row of those
// with the same place adds them all up, in order; the others leave. So no two blocks write the
// same element, and the sums are the same bits in every run.
extern "C" __global__ void __launch_bounds__(ROW_THREADS) add_rows(
    real* __restrict__ table, const long long* __restrict__ place,
    const real* __restrict__ values, int n, int width)
{
    __shared__ bool same[ROW_THREADS];
    const int t = threadIdx.x, first = blockIdx.x;
    const int column = blockIdx.y * ROW_THREADS + t;
    const long long here = place[(long long)first * width];

    int seen = 0;
    for (int j = t; j < first; j += ROW_THREADS) seen |= place[(long long)j * width] == here;
    if (__syncthreads_or(seen)) return;

    double sum = 0;
    for (int start = first; start < n; start += ROW_THREADS) {
        const int count = min(ROW_THREADS, n - start);
        if (t < count) same[t] = place[(long long)(start + t) * width] == here;
        __syncthreads();
        if (column < width)
            for (int k = 0; k < count; ++k)
                if (same[k]) sum += values[(long long)(start + k) * width + column];
        __syncthreads();
    }
    if (column < width) table[here + column] = sum;
}
