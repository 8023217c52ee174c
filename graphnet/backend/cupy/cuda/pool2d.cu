// Max and mean pooling over windows clipped to the image, and their gradients.
//
// x (n_image, channels, height, width) <-> y (n_image, channels, p_out, q_out).
// Launch: x covers the output elements of one image, y the images. Each output element has one
// thread, which reads in a fixed order (a gradient gathers from the windows its element lies
// in): no atomics, and the same bits in every run.

// The part of a window that lies in the image, along one axis.
struct Span { int start, stop; };

__device__ inline Span window_at(int out, int stride, int pad, int kernel, int size)
{
    const int start = out * stride - pad;
    return {max(start, 0), min(start + kernel, size)};
}

// The windows that an element lies in, along one axis.
__device__ inline Span windows_over(int place, int stride, int pad, int kernel, int out)
{
    const int last = (place + pad) / stride;
    const int before = place + pad - kernel;  // a window that ends here does not reach it
    const int first = before < 0 ? 0 : before / stride + 1;
    return {first, min(last + 1, out)};
}

// y, and where each maximum was found: argmax holds its place within the channel's image, or is
// null. The first of equals in row-major order wins; a NaN wins over everything.
extern "C" __global__ void max_pool(
    const real* __restrict__ x, real* __restrict__ y, int* __restrict__ argmax, int n_image,
    int channels, int height, int width, int p_out, int q_out,
    int kh, int kw, int sh, int sw, int ph, int pw)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int size = channels * p_out * q_out;
    if (i >= size) return;
    const Span down = window_at(i / q_out % p_out, sh, ph, kh, height);
    const Span right = window_at(i % q_out, sw, pw, kw, width);
    const int c = i / (p_out * q_out);

    for (int n = blockIdx.y; n < n_image; n += gridDim.y) {
        const real* image = x + ((long long)n * channels + c) * height * width;
        int found = down.start * width + right.start;
        real best = image[found];
        for (int row = down.start; row < down.stop; ++row) {
            for (int column = right.start; column < right.stop; ++column) {
                const real value = image[row * width + column];
                // a NaN differs from itself, and is neither less nor greater than anything
                if (value > best || (value != value && best == best)) {
                    best = value;
                    found = row * width + column;
                }
            }
        }
        y[(long long)n * size + i] = best;
        if (argmax) argmax[(long long)n * size + i] = found;
    }
}

// dx from dy and argmax.
extern "C" __global__ void max_pool_gradient(
    const real* __restrict__ dy, const int* __restrict__ argmax, real* __restrict__ dx,
    int n_image, int channels, int height, int width, int p_out, int q_out,
    int kh, int kw, int sh, int sw, int ph, int pw)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int size = channels * height * width;
    if (i >= size) return;
    const int place = i % (height * width), c = i / (height * width);
    const Span down = windows_over(place / width, sh, ph, kh, p_out);
    const Span right = windows_over(place % width, sw, pw, kw, q_out);

    for (int n = blockIdx.y; n < n_image; n += gridDim.y) {
        const long long first = ((long long)n * channels + c) * p_out * q_out;
        double sum = 0;
        for (int p = down.start; p < down.stop; ++p)
            for (int q = right.start; q < right.stop; ++q)
                if (argmax[first + p * q_out + q] == place) sum += dy[first + p * q_out + q];
        dx[(long long)n * size + i] = sum;
    }
}

// What a mean divides by, along one axis; the divisor is the product of both.
// rule 0: the kernel; 1: the window clipped to the padded image; 2: clipped to the image.
__device__ inline int extent(int rule, int out, int stride, int pad, int kernel, int size)
{
    const int start = out * stride - pad;
    if (rule == 0) return kernel;
    if (rule == 1) return min(start + kernel, size + pad) - start;
    return min(start + kernel, size) - max(start, 0);
}

extern "C" __global__ void mean_pool(
    const real* __restrict__ x, real* __restrict__ y, int rule, int n_image,
    int channels, int height, int width, int p_out, int q_out,
    int kh, int kw, int sh, int sw, int ph, int pw)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int size = channels * p_out * q_out;
    if (i >= size) return;
    const int q = i % q_out, p = i / q_out % p_out, c = i / (p_out * q_out);
    const Span down = window_at(p, sh, ph, kh, height);
    const Span right = window_at(q, sw, pw, kw, width);
    const double divisor = (double)extent(rule, p, sh, ph, kh, height)
        * extent(rule, q, sw, pw, kw, width);

    for (int n = blockIdx.y; n < n_image; n += gridDim.y) {
        const real* image = x + ((long long)n * channels + c) * height * width;
        double sum = 0;
        for (int row = down.start; row < down.stop; ++row)
            for (int column = right.start; column < right.stop; ++column)
                sum += image[row * width + column];
        y[(long long)n * size + i] = sum / divisor;
    }
}

// dx from dy.
extern "C" __global__ void mean_pool_gradient(
    const real* __restrict__ dy, real* __restrict__ dx, int rule, int n_image,
    int channels, int height, int width, int p_out, int q_out,
    int kh, int kw, int sh, int sw, int ph, int pw)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int size = channels * height * width;
    if (i >= size) return;
    const int place = i % (height * width), c = i / (height * width);
    const Span down = windows_over(place / width, sh, ph, kh, p_out);
    const Span right = windows_over(place % width, sw, pw, kw, q_out);

    for (int n = blockIdx.y; n < n_image; n += gridDim.y) {
        const real* sent = dy + ((long long)n * channels + c) * p_out * q_out;
        double sum = 0;
        for (int p = down.start; p < down.stop; ++p) {
            const double tall = extent(rule, p, sh, ph, kh, height);
            for (int q = right.start; q < right.stop; ++q)
                sum += sent[p * q_out + q] / (tall * extent(rule, q, sw, pw, kw, width));
        }
        dx[(long long)n * size + i] = sum;
    }
}
