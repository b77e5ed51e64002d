// A plugin's kernel in a plan: it is given what its header promises.
#include <cstring>

#include "foreign.hpp"
#include "operation.hpp"

namespace twinlens::tests {
namespace {

// Every ints[0]-th row and ints[1]-th column.
const char* thinned(twinlens_call* call) {
  if (call->ints[0] < 1 || call->ints[1] < 1) return "steps must be positive";
  const auto parts = [](int64_t n, int64_t by) { return n / by + (n % by != 0 ? 1 : 0); };
  call->dst.height = parts(call->src.height, call->ints[0]);
  call->dst.width = parts(call->src.width, call->ints[1]);
  call->scratch_bytes = 100;
  return nullptr;
}

const char* thin(const twinlens_call* call) {
  const twinlens_image &src = call->src, &dst = call->dst;
  if (reinterpret_cast<uintptr_t>(call->scratch) % 64 != 0) return "scratch is not aligned";
  std::memset(call->scratch, 1, static_cast<size_t>(call->scratch_bytes));
  const int64_t item = item_size(static_cast<DType>(src.dtype));
  for (int64_t y = 0; y < dst.height; ++y)
    for (int64_t x = 0; x < dst.width; ++x)
      for (int64_t c = 0; c < dst.channels; ++c)
        std::memcpy(dst.data + y * dst.row_stride + x * dst.column_stride + c * dst.channel_stride,
                    src.data + y * call->ints[0] * src.row_stride + x * call->ints[1] * src.column_stride +
                        c * src.channel_stride,
                    static_cast<size_t>(item));
  return nullptr;
}

bool rows_without_gaps(const twinlens_image& v) {
  const int64_t item = item_size(static_cast<DType>(v.dtype));
  return (v.channels == 1 || v.channel_stride == item) && v.column_stride == v.channels * item;
}

const char* thin_rows(const twinlens_call* call) {
  if (!rows_without_gaps(call->src) || !rows_without_gaps(call->dst)) return "the rows have gaps";
  return thin(call);
}

const twinlens_kernel kAnyStrides{TWINLENS_KERNEL_ABI, 0, 2, 0, thinned, thin};
const twinlens_kernel kRows{TWINLENS_KERNEL_ABI, TWINLENS_INTERLEAVED, 2, 0, thinned, thin_rows};
const twinlens_kernel kOther{TWINLENS_KERNEL_ABI + 1, 0, 0, 0, thinned, thin};
const twinlens_kernel kEmpty{TWINLENS_KERNEL_ABI, 0, 0, 0, nullptr, thin};

bool refused(const twinlens_kernel& kernel) {
  try {
    (void)add_kernel(&kernel);
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

}  // namespace

Operation thinning(Random& r, Shape& s) {
  const int64_t down = r.between(1, 3), across = r.between(1, 3);
  s.h = (s.h + down - 1) / down;
  s.w = (s.w + across - 1) / across;
  return {static_cast<OpCode>(add_kernel(r.coin() ? &kRows : &kAnyStrides)), {1, down, across}, {}};
}

void kernels_of_plugins(Random& random, int rounds) {
  CHECK(add_kernel(&kRows) == add_kernel(&kRows), "one kernel has two codes");
  CHECK(add_kernel(&kRows) != add_kernel(&kAnyStrides), "two kernels have one code");
  CHECK(foreign_operation(999) == nullptr && foreign_operation(1 << 20) == nullptr, "a code that nobody was given");
  CHECK(refused(kOther) && refused(kEmpty), "a kernel that does not fit was taken");
  for (int round = 0; round < rounds; ++round) {
    const Shape shape = random_shape(random, 20);
    Shape after = shape;
    const Operation operation = thinning(random, after);
    const auto layout =
        random.pick({Layout::interleaved, Layout::planar, Layout::gaps, Layout::padded, Layout::reversed});
    Picture src(shape, layout, 0), dst(after, random.pick({Layout::interleaved, Layout::planar}), 0xa5);
    src.fill(random, false);
    run_plan({operation.op()}, {src.view}, {dst.view}, 1);
    Picture wanted(after, Layout::interleaved, 0);
    const int64_t item = item_size(shape.dtype);
    for (int64_t y = 0; y < after.h; ++y)
      for (int64_t x = 0; x < after.w; ++x)
        for (int64_t c = 0; c < after.c; ++c)
          std::memcpy(wanted.view.data + y * wanted.view.sy + x * wanted.view.sx + c * wanted.view.sc,
                      src.view.data + y * operation.ints[1] * src.view.sy + x * operation.ints[2] * src.view.sx +
                          c * src.view.sc,
                      static_cast<size_t>(item));
    CHECK(dst.pixels() == wanted.pixels(), "a kernel's result differs");
  }
}

}  // namespace twinlens::tests
