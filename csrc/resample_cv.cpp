#include "resample_cv.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "dispatch.hpp"
#include "view.hpp"

namespace twinlens {
namespace {

// What a pass over one interleaved image needs; planar images are done a plane at a time.
struct Job {
  View src, dst;
  CvBranch branch;
  int64_t out_h, out_w;
  Roi roi;
  Arena& arena;
  const Kernels& k;
};

struct Table {
  int64_t taps;
  int32_t* index;
  int32_t* fixed;
  float* real;
};

Table make_table(const CvAxis& axis, Arena& arena) {
  Table t{cv_axis_taps(axis), nullptr, nullptr, nullptr};
  const auto n = static_cast<size_t>(axis.n * t.taps);
  t.index = arena.take_array<int32_t>(n);
  if (cv_is_fixed(axis.branch, axis.dtype)) {
    t.fixed = arena.take_array<int32_t>(n);
  } else {
    t.real = arena.take_array<float>(n);
  }
  cv_axis_fill(axis, t.taps, t.index, t.fixed, t.real);
  return t;
}

Table columns(const Job& j) {
  return make_table({j.branch, j.src.dtype, true, j.src.w, j.out_w, j.roi.x, j.dst.w}, j.arena);
}

Table rows(const Job& j) {
  return make_table({j.branch, j.src.dtype, false, j.src.h, j.out_h, j.roi.y, j.dst.h}, j.arena);
}

template <size_t Item>
void scatter_row(const uint8_t* row, const View& dst, uint8_t* out) {
  for (int64_t x = 0; x < dst.w; ++x) {
    for (int64_t c = 0; c < dst.c; ++c, row += Item) std::memcpy(out + x * dst.sx + c * dst.sc, row, Item);
  }
}

// Rows of the result: written in place where dst is interleaved, else through a row of scratch.
class RowWriter {
 public:
  RowWriter(const View& dst, Arena& arena) : dst_(dst) {
    if (!interleaved(dst)) row_ = arena.take(static_cast<size_t>(dst.w * dst.c * item_size(dst.dtype)));
  }
  uint8_t* row(int64_t y) const { return row_ != nullptr ? row_ : dst_.data + y * dst_.sy; }
  void done(int64_t y) const {
    if (row_ == nullptr) return;
    uint8_t* out = dst_.data + y * dst_.sy;
    switch (item_size(dst_.dtype)) {
      case 1:
        return scatter_row<1>(row_, dst_, out);
      case 2:
        return scatter_row<2>(row_, dst_, out);
      default:
        return scatter_row<4>(row_, dst_, out);
    }
  }

 private:
  View dst_;
  uint8_t* row_ = nullptr;
};

void run_nearest(const Job& j) {
  const Table tx = columns(j), ty = rows(j);
  const RowWriter out(j.dst, j.arena);
  const int64_t pixel = j.src.c * item_size(j.src.dtype);
  const uint8_t* last = nullptr;
  for (int64_t y = 0; y < j.dst.h; ++y) {
    const bool repeated = y > 0 && ty.index[y] == ty.index[y - 1];
    uint8_t* row = out.row(y);
    if (!repeated) {
      j.k.cv_nearest_row(j.src.data + ty.index[y] * j.src.sy, row, j.dst.w, pixel, tx.index);
    } else if (row != last) {
      std::memcpy(row, last, static_cast<size_t>(j.dst.w * pixel));
    }
    last = row;
    out.done(y);
  }
}

void run_block(const Job& j) {
  const int64_t bh = j.src.h / j.out_h, bw = j.src.w / j.out_w;
  const float scale = 1.0F / static_cast<float>(bh * bw);
  const CvBlock block{j.dst.w, j.src.c, bh, bw, j.src.sy, j.src.dtype, j.branch == CvBranch::quad, scale};
  const auto items = static_cast<size_t>(j.dst.w * j.src.c);
  auto* column = j.arena.take_array<uint32_t>(items * static_cast<size_t>(bw));
  auto* mean = j.arena.take_array<float>(items);
  const RowWriter out(j.dst, j.arena);
  const uint8_t* origin = j.src.data + j.roi.x * bw * j.src.sx;
  for (int64_t y = 0; y < j.dst.h; ++y) {
    j.k.cv_block_row(block, origin + (j.roi.y + y) * bh * j.src.sy, out.row(y), column, mean);
    out.done(y);
  }
}

// Both passes of a separable branch. horizontal(source row, buffer of 4-byte items) fills the sums of a row that some
// output needs, at most once; vertical(buffers, weight row, taps, out) weighs them.
template <typename Horizontal, typename Vertical>
void run_separable(const Job& j, const Table& ty, Horizontal horizontal, Vertical vertical) {
  const auto slots = static_cast<size_t>(ty.taps);
  auto** buffer = j.arena.take_array<uint8_t*>(slots);
  auto* held = j.arena.take_array<int32_t>(slots);
  auto** tap = j.arena.take_array<const uint8_t*>(slots);
  for (size_t s = 0; s < slots; ++s) {
    buffer[s] = j.arena.take(static_cast<size_t>(j.dst.w * j.dst.c) * 4);
    held[s] = -1;
  }
  const RowWriter out(j.dst, j.arena);
  for (int64_t y = 0; y < j.dst.h; ++y) {
    for (int64_t t = 0; t < ty.taps; ++t) {
      // The rows of one output are neighbours, fewer than there are slots, so they never evict each other.
      const int32_t row = ty.index[y * ty.taps + t];
      const size_t slot = static_cast<size_t>(row) % slots;
      if (held[slot] != row) horizontal(j.src.data + row * j.src.sy, buffer[slot]);
      held[slot] = row;
      tap[t] = buffer[slot];
    }
    vertical(tap, y * ty.taps, out.row(y));
    out.done(y);
  }
}

template <typename T>
const T* const* typed(const uint8_t* const* rows) {
  return reinterpret_cast<const T* const*>(rows);
}

CvPairs make_pairs(const Table& tx, int64_t n, int64_t channels, Arena& arena) {
  const int64_t repeat = channels == 1 ? 1 : 4;
  auto* start = arena.take_array<int32_t>(static_cast<size_t>(n));
  auto* pair = arena.take_array<int32_t>(static_cast<size_t>(n * repeat));
  for (int64_t i = 0; i < n; ++i) {
    start[i] = tx.index[2 * i];
    std::fill_n(pair + i * repeat, repeat, tx.fixed[2 * i] + tx.fixed[2 * i + 1] * 65536);
  }
  return {n, repeat, start, pair};
}

void run_pairs_u8(const Job& j) {
  const bool exact = j.branch == CvBranch::linear_exact;
  const Table tx = columns(j), ty = rows(j);
  const CvPairs pairs = make_pairs(tx, j.dst.w, j.src.c, j.arena);
  const auto vertical = exact ? j.k.cv_exact_v_u8 : j.k.cv_linear_v_u8;
  run_separable(
      j, ty,
      [&](const uint8_t* src, uint8_t* buffer) {
        j.k.cv_pairs_h(src, reinterpret_cast<uint16_t*>(buffer), j.src.w * j.src.c, j.src.c, pairs, exact ? 0 : 4);
      },
      [&](const uint8_t* const* tap, int64_t w, uint8_t* out) {
        const auto* const* r = typed<uint16_t>(tap);
        vertical(r[0], r[1], ty.fixed + w, out, j.dst.w * j.dst.c);
      });
}

void run_exact_u16(const Job& j) {
  const Table tx = columns(j), ty = rows(j);
  const CvTaps taps{j.dst.w, tx.taps, tx.index, tx.fixed, nullptr};
  run_separable(
      j, ty,
      [&](const uint8_t* src, uint8_t* buffer) {
        j.k.cv_exact_h_u16(src, reinterpret_cast<uint32_t*>(buffer), j.src.c, taps);
      },
      [&](const uint8_t* const* tap, int64_t w, uint8_t* out) {
        const auto* const* r = typed<uint32_t>(tap);
        j.k.cv_exact_v_u16(r[0], r[1], ty.fixed + w, out, j.dst.w * j.dst.c);
      });
}

void run_cubic_u8(const Job& j) {
  const Table tx = columns(j), ty = rows(j);
  const CvTaps taps{j.dst.w, tx.taps, tx.index, tx.fixed, nullptr};
  run_separable(
      j, ty,
      [&](const uint8_t* src, uint8_t* buffer) {
        j.k.cv_cubic_h_u8(src, reinterpret_cast<int32_t*>(buffer), j.src.w * j.src.c, j.src.c, taps);
      },
      [&](const uint8_t* const* tap, int64_t w, uint8_t* out) {
        j.k.cv_cubic_v_u8(typed<int32_t>(tap), ty.fixed + w, out, j.dst.w * j.dst.c);
      });
}

void run_real(const Job& j) {
  const Table tx = columns(j), ty = rows(j);
  // Only the columns that some tap reads are widened.
  const auto [low, high] = std::minmax_element(tx.index, tx.index + j.dst.w * tx.taps);
  const int32_t first = *low;
  const int64_t items = (*high - first + 1) * j.src.c;
  for (int32_t* i = tx.index; i < tx.index + j.dst.w * tx.taps; ++i) *i -= first;
  const CvTaps taps{j.dst.w, tx.taps, tx.index, nullptr, tx.real};
  auto* wide = j.arena.take_array<float>(static_cast<size_t>(items));
  std::memset(wide + items, 0, 4 * sizeof(float));  // read by the vector code, and discarded
  run_separable(
      j, ty,
      [&](const uint8_t* src, uint8_t* buffer) {
        j.k.cv_widen(j.src.dtype, src + first * j.src.sx, wide, items);
        j.k.cv_real_h(wide, reinterpret_cast<float*>(buffer), j.src.c, taps);
      },
      [&](const uint8_t* const* tap, int64_t w, uint8_t* out) {
        int64_t used = ty.taps;
        while (used > 1 && ty.real[w + used - 1] == 0.0F) --used;
        j.k.cv_real_v(typed<float>(tap), ty.real + w, used, j.dst.dtype, out, j.dst.w * j.dst.c);
      });
}

void run(const Job& j) {
  const Scratch scratch(j.arena);
  const DType t = j.src.dtype;
  switch (j.branch) {
    case CvBranch::nearest:
    case CvBranch::nearest_exact:
      return run_nearest(j);
    case CvBranch::block:
    case CvBranch::quad:
      return run_block(j);
    case CvBranch::linear_exact:
      return t == DType::u8 ? run_pairs_u8(j) : run_exact_u16(j);
    case CvBranch::cubic:
      return t == DType::u8 ? run_cubic_u8(j) : run_real(j);
    case CvBranch::area:
      return run_real(j);
    default:
      return t == DType::u8 ? run_pairs_u8(j) : run_real(j);
  }
}

void check(const View& src, const View& dst, int64_t out_h, int64_t out_w, Roi roi) {
  if (src.dtype != dst.dtype || src.c != dst.c) throw std::invalid_argument("resize: source and result differ in type");
  if (src.dtype != DType::u8 && src.dtype != DType::u16 && src.dtype != DType::f32) {
    throw std::invalid_argument("resize: OpenCV's methods take uint8, uint16 and float32");
  }
  if (src.h < 1 || src.w < 1) throw std::invalid_argument("resize: the source is empty");
  if (roi.y < 0 || roi.x < 0 || roi.y + dst.h > out_h || roi.x + dst.w > out_w) {
    throw std::invalid_argument("resize: the region is not inside the result");
  }
}

View dense_copy(const View& src, Arena& arena) {
  const View copy = arena.image(src.h, src.w, src.c, src.dtype, false);
  const auto item = static_cast<size_t>(item_size(src.dtype));
  for (int64_t y = 0; y < src.h; ++y) {
    for (int64_t x = 0; x < src.w; ++x) {
      for (int64_t c = 0; c < src.c; ++c) {
        std::memcpy(copy.data + y * copy.sy + x * copy.sx + c * copy.sc,
                    src.data + y * src.sy + x * src.sx + c * src.sc, item);
      }
    }
  }
  return copy;
}

}  // namespace

void resample_cv(const View& src, const View& dst, CvMethod method, int64_t out_h, int64_t out_w, Roi roi,
                 Arena& arena) {
  check(src, dst, out_h, out_w, roi);
  if (dst.h < 1 || dst.w < 1 || dst.c < 1) return;
  const Scratch scratch(arena);
  const bool copy = src.h == out_h && src.w == out_w && src.dtype != DType::f32;  // every method is the identity
  const CvBranch branch = copy ? CvBranch::nearest : cv_branch(method, src.dtype, src.c, src.h, src.w, out_h, out_w);
  const View from = interleaved(src) || planar(src) ? src : dense_copy(src, arena);
  if (interleaved(from)) return run({from, dst, branch, out_h, out_w, roi, arena, kernels()});
  for (int64_t c = 0; c < src.c; ++c) {
    run({plane(from, c), plane(dst, c), branch, out_h, out_w, roi, arena, kernels()});
  }
}

}  // namespace twinlens
