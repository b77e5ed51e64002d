/* A native kernel in a plugin's wheel: plain C, no library to link with. The folder of this file is
 * `twinlens.get_include()`.
 *
 * A plugin fills a `twinlens_kernel` that lives as long as the process, puts its address into a PyCapsule named
 * TWINLENS_KERNEL_CAPSULE and gives that to `twinlens.steps.Kernel`. The core then calls it like its own kernels: on
 * the memory of the pictures themselves, without the GIL, from several threads at once.
 */
#ifndef TWINLENS_KERNEL_H
#define TWINLENS_KERNEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TWINLENS_KERNEL_ABI 1
#define TWINLENS_KERNEL_CAPSULE "twinlens.kernel.1"

enum { TWINLENS_UINT8 = 0, TWINLENS_UINT16 = 1, TWINLENS_FLOAT32 = 2, TWINLENS_FLOAT16 = 3, TWINLENS_BFLOAT16 = 4 };

/* Item (y, x, c) lies at data + y * row_stride + x * column_stride + c * channel_stride, in bytes. Strides of what is
 * read may be negative, or 0 where a value is repeated. Items lie at multiples of their size. */
typedef struct twinlens_image {
  uint8_t* data;
  int64_t height, width, channels;
  int64_t row_stride, column_stride, channel_stride;
  int32_t dtype;
} twinlens_image;

/* One picture. ints and reals are the step's parameters for it. */
typedef struct twinlens_call {
  twinlens_image src, dst;
  const int64_t* ints;
  int64_t int_count;
  const double* reals;
  int64_t real_count;
  void* scratch; /* scratch_bytes of memory at a multiple of 64, with anything in it */
  int64_t scratch_bytes;
} twinlens_call;

enum {
  /* src and dst are given with all channels of a pixel, then the next pixel, without gaps within a row. Otherwise any
   * strides may come. */
  TWINLENS_INTERLEAVED = 1
};

typedef struct twinlens_kernel {
  uint32_t abi;   /* TWINLENS_KERNEL_ABI */
  uint32_t flags; /* TWINLENS_INTERLEAVED or 0 */
  int64_t ints;   /* the fewest integers and reals that it is called with */
  int64_t reals;
  /* Checks src and the parameters and says what comes: height, width, channels and dtype of dst, which hold src's
   * before, and scratch_bytes, 0 before. src.data and dst.data are not to be touched. Returns NULL, or what is wrong.
   */
  const char* (*result)(twinlens_call* call);
  /* Writes every item of dst. src and dst do not overlap. Returns NULL, or what is wrong; it may not throw. */
  const char* (*run)(const twinlens_call* call);
} twinlens_kernel;

#ifdef __cplusplus
}
#endif

#endif
