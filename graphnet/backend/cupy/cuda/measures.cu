// What a pass measures and what it must find true, kept on the device until somebody asks.

// sums[i] += weight * (numbers[0], numbers[1], numbers[2])[i], and sums[n] += weight, in double
// as they are. A weight that lies on the device comes by pointer; then the other is not read.
// Launch: one thread.
extern "C" __global__ void add_measures(
    double* __restrict__ sums, int n, double weight, const double* __restrict__ weight_there,
    const double* __restrict__ first, const double* __restrict__ second,
    const double* __restrict__ third)
{
    const double* numbers[3] = {first, second, third};
    const double w = weight_there ? *weight_there : weight;
    for (int i = 0; i < n; ++i) sums[i] += w * *numbers[i];
    sums[n] += w;
}

#define SUM_THREADS 256  // a power of two

// parts[block] = the sum of a * b, in double, over every element that belongs to the block: those
// whose index, modulo the threads of the whole grid, is one of its threads.
// Launch: any number of blocks of SUM_THREADS; it decides the order of the sum.
extern "C" __global__ void __launch_bounds__(SUM_THREADS) add_products(
    const real* __restrict__ a, const real* __restrict__ b, double* __restrict__ parts,
    long long size)
{
    __shared__ double partial[SUM_THREADS];
    const int t = threadIdx.x;
    double sum = 0;
    for (long long i = blockIdx.x * (long long)SUM_THREADS + t; i < size;
         i += (long long)gridDim.x * SUM_THREADS)
        sum += (double)a[i] * (double)b[i];
    partial[t] = sum;
    for (int half = SUM_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half) partial[t] += partial[t + half];
    }
    if (t == 0) parts[blockIdx.x] = partial[0];
}

#define FLAG_THREADS 256

// Where flags has its first false element, noted[0] becomes its index, noted[1] the number of this
// look, and value[0] what values has there; unless noted[0] is no longer -1: then an earlier batch
// is to be told of. noted[2] counts the looks.
// Launch: one block of FLAG_THREADS.
extern "C" __global__ void __launch_bounds__(FLAG_THREADS) note_false(
    const bool* __restrict__ flags, const real* __restrict__ values,
    long long* __restrict__ noted, double* __restrict__ value, long long size)
{
    __shared__ long long first[FLAG_THREADS];
    const int t = threadIdx.x;
    long long found = size;
    for (long long i = t; i < size; i += FLAG_THREADS)
        if (!flags[i]) {
            found = i;
            break;
        }
    first[t] = found;
    __syncthreads();
    for (int half = FLAG_THREADS / 2; half > 0; half /= 2) {
        if (t < half && first[t + half] < first[t]) first[t] = first[t + half];
        __syncthreads();
    }
    if (t > 0) return;
    const long long look = noted[2]++;
    if (first[0] < size && noted[0] < 0) {
        noted[0] = first[0];
        noted[1] = look;
        value[0] = values[first[0]];
    }
}
