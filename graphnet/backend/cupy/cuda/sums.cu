// Sums over all axes but one, in an order that only the shapes decide: each thread adds every
// so many-th element, then the threads' sums are added pairwise. All of it in double, or many
// numbers of one size would lose what is added to them.

#define SUM_THREADS 256  // of every block here; a power of two
#define SUM_COLUMNS 32  // that a block of column_sums adds up side by side: a warp's reads

// Adds the upper half of what the threads hold to the lower, until `left` sums are left.
// All threads of the block come here.
__device__ inline void add_pairwise(double* partial, int left)
{
    for (int half = SUM_THREADS / 2; half >= left; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
    }
}

// Walks over the elements of one channel in blobs (n_image, channels, area), every SUM_THREADS-th
// from a thread's first one, without a division on the way.
struct Walk {
    int n, place, channels, area;
    const int images_on, places_on;

    __device__ Walk(int channels, int area)
        : n(threadIdx.x / area), place(threadIdx.x % area), channels(channels), area(area),
          images_on(SUM_THREADS / area), places_on(SUM_THREADS % area) {}

    __device__ long long at() const { return ((long long)n * channels + blockIdx.x) * area + place; }

    __device__ void on()
    {
        n += images_on;
        place += places_on;
        if (place >= area) {
            place -= area;
            ++n;
        }
    }
};

// sums (channels,): over n_image and area of blob (n_image, channels, area).
// Launch: one block of SUM_THREADS for each channel.
extern "C" __global__ void __launch_bounds__(SUM_THREADS) channel_sums(
    const real* __restrict__ blob, real* __restrict__ sums, int n_image, int channels, int area)
{
    __shared__ double partial[SUM_THREADS];
    double sum = 0;
    for (Walk walk(channels, area); walk.n < n_image; walk.on()) sum += blob[walk.at()];
    partial[threadIdx.x] = sum;
    add_pairwise(partial, 1);
    if (threadIdx.x == 0) sums[blockIdx.x] = partial[0];
}

// sums (channels,): of a * b over n_image and area of both blobs (n_image, channels, area).
// Launch: one block of SUM_THREADS for each channel.
extern "C" __global__ void __launch_bounds__(SUM_THREADS) channel_products(
    const real* __restrict__ a, const real* __restrict__ b, real* __restrict__ sums,
    int n_image, int channels, int area)
{
    __shared__ double partial[SUM_THREADS];
    double sum = 0;
    for (Walk walk(channels, area); walk.n < n_image; walk.on())
        sum += (double)a[walk.at()] * (double)b[walk.at()];
    partial[threadIdx.x] = sum;
    add_pairwise(partial, 1);
    if (threadIdx.x == 0) sums[blockIdx.x] = partial[0];
}

// sums (columns,): over the rows of matrix (rows, columns).
// Launch: x a block of SUM_THREADS for each SUM_COLUMNS columns.
extern "C" __global__ void __launch_bounds__(SUM_THREADS) column_sums(
    const real* __restrict__ matrix, real* __restrict__ sums, int rows, int columns)
{
    __shared__ double partial[SUM_THREADS];
    const int t = threadIdx.x, column = blockIdx.x * SUM_COLUMNS + t % SUM_COLUMNS;
    double sum = 0;
    if (column < columns)
        for (int row = t / SUM_COLUMNS; row < rows; row += SUM_THREADS / SUM_COLUMNS)
            sum += matrix[(long long)row * columns + column];
    partial[t] = sum;
    add_pairwise(partial, SUM_COLUMNS);
    if (t < SUM_COLUMNS && column < columns) sums[column] = partial[t];
}
