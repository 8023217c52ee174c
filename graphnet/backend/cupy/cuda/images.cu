// Between images and the rows of a matrix product.
//
// A product's result has a row for each channel, in which the images follow each other; a blob
// has the channels of each image together. `area` is the number of elements of one channel.

// images (n_image, channels, area) -> rows (channels, n_image, area).
// Launch: x channels * area threads, y images. Each output element has one thread.
extern "C" __global__ void images_to_rows(
    const real* __restrict__ images, real* __restrict__ rows,
    int n_image, int channels, int area)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= channels * area) return;
    const int c = i / area, place = i % area;
    for (int n = blockIdx.y; n < n_image; n += gridDim.y)
        rows[((long long)c * n_image + n) * area + place] =
            images[(long long)n * channels * area + i];
}

// rows (channels, n_image, area) -> images (n_image, channels, area), plus bias (channels,)
// where that is not null. Launch: as above.
extern "C" __global__ void rows_to_images(
    const real* __restrict__ rows, const real* __restrict__ bias, real* __restrict__ images,
    int n_image, int channels, int area)
{
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= channels * area) return;
    const int c = i / area, place = i % area;
    const real addend = bias ? bias[c] : real(0);
    for (int n = blockIdx.y; n < n_image; n += gridDim.y)
        images[(long long)n * channels * area + i] =
            rows[((long long)c * n_image + n) * area + place] + addend;
}
