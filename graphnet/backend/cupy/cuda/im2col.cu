// Lowering a convolution to a matrix product.
//
// A group of images becomes one matrix: a row for each tap of a filter (channel, tap down, tap
// right), a column for each window (image, window down, window right). What lies in the padding
// is zero.
//
// Launch: x covers the elements of one image, y its images (the kernels go on where there are
// more of them). Every output element has one thread, which reads in a fixed order: no atomics,
// and the same bits in every run. Offsets within an image are int, those of images long long.

// images (n_image, channels, height, width) -> columns (channels * kh * kw, n_image * p_out * q_out).
// Launch x: channels * p_out * q_out threads.
extern "C" __global__ void im2col(
    const real* __restrict__ images, real* __restrict__ columns, int n_image,
    int channels, int height, int width, int p_out, int q_out,
    int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int windows = p_out * q_out;
    if (i >= channels * windows) return;
    const int q = i % q_out, p = i / q_out % p_out, c = i / windows;
    const int top = p * sh - ph, left = q * sw - pw;
    const long long row = (long long)n_image * windows;

    for (int n = blockIdx.y; n < n_image; n += gridDim.y) {
        const real* image = images + ((long long)n * channels + c) * height * width;
        real* column = columns + (long long)c * kh * kw * row + (long long)n * windows
            + p * q_out + q;
        for (int a = 0; a < kh; ++a) {
            const int y = top + a * dh;
            for (int b = 0; b < kw; ++b) {
                const int x = left + b * dw;
                const bool inside = 0 <= y && y < height && 0 <= x && x < width;
                *column = inside ? image[y * width + x] : real(0);
                column += row;
            }
        }
    }
}

// columns (channels * kh * kw, n_image * p_out * q_out) -> images (n_image, channels, height, width):
// each element of an image is the sum over the windows it lies in, taps in order.
// Launch x: channels * height * width threads.
extern "C" __global__ void col2im(
    const real* __restrict__ columns, real* __restrict__ images, int n_image,
    int channels, int height, int width, int p_out, int q_out,
    int kh, int kw, int sh, int sw, int ph, int pw, int dh, int dw)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    const int size = channels * height * width;
    if (i >= size) return;
    const int x = i % width, y = i / width % height, c = i / (height * width);
    const int windows = p_out * q_out;
    const long long row = (long long)n_image * windows;

    for (int n = blockIdx.y; n < n_image; n += gridDim.y) {
        const real* first = columns + (long long)c * kh * kw * row + (long long)n * windows;
        real sum = 0;
        for (int a = 0; a < kh; ++a) {
            const int down = y + ph - a * dh, p = down / sh;
            if (down < 0 || p * sh != down || p >= p_out) continue;
            for (int b = 0; b < kw; ++b) {
                const int right = x + pw - b * dw, q = right / sw;
                if (right < 0 || q * sw != right || q >= q_out) continue;
                sum += first[(a * kw + b) * row + p * q_out + q];
            }
        }
        images[(long long)n * size + i] = sum;
    }
}
