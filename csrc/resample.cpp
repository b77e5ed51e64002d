#include "resample.hpp"

#include <algorithm>
#include <cstring>

#include "copy.hpp"
#include "dispatch.hpp"
#include "premultiply.hpp"

namespace twinlens {
namespace {

// One call: what is asked for, and the ISA that weights and kernels share, whatever set_isa does meanwhile.
struct Job : ResampleSpec {
  Job(const ResampleSpec& spec, const View& dst) : ResampleSpec(spec), isa(active_isa()) {
    if (mirrored) roi_x = out_w - roi_x - dst.w;  // counted from the other end
  }
  Isa isa;
  const Kernels& run() const { return kernels(isa); }
};

struct Passes {
  bool horizontal, vertical;
};

// Pillow leaves a pass out where the size stays and the box is the whole axis.
Passes passes_of(const View& src, const ResampleSpec& s) {
  return {s.out_w != src.w || s.box[0] != 0.0F || s.box[2] != static_cast<float>(s.out_w),
          s.out_h != src.h || s.box[1] != 0.0F || s.box[3] != static_cast<float>(s.out_h)};
}

std::shared_ptr<const AxisWeights> weights_x(const View& src, const Job& s, int64_t pixel) {
  return axis_weights({s.filter, src.w, s.out_w, s.box[0], s.box[2], s.mirrored, pixel, src.dtype != DType::u8}, s.isa);
}

std::shared_ptr<const AxisWeights> weights_y(const View& src, const Job& s) {
  return axis_weights({s.filter, src.h, s.out_h, s.box[1], s.box[3], false, 0, src.dtype != DType::u8}, s.isa);
}

constexpr int64_t kRowBlock = 16;  // rows of one call of the horizontal kernel
constexpr int64_t kRowSlack = 64;  // what kernels may read behind a row, or write before and behind one

// What the horizontal kernel reads.
bool readable(const View& v) { return interleaved(v) || padded(v); }

// Source rows in a form that the kernels may read: the row that lies last in memory is copied, since a kernel may read
// a few bytes behind it; all are copied where they are narrower than a group of taps.
class SourceRows {
 public:
  SourceRows(const View& src, int64_t min_width, Arena& arena) : src_(src) {
    const int64_t bytes = src.w * src.sx;
    edge_ = src.sy >= 0 ? src.h - 1 : 0;
    all_ = src.w < min_width || std::abs(src.sy) < bytes;
    pitch_ = std::max(src.w, min_width) * src.sx + kRowSlack;
    copies_ = arena.take(static_cast<size_t>(pitch_ * (all_ ? src.h : 1)));
    if (all_) std::memset(copies_, 0, static_cast<size_t>(pitch_ * src.h));
    for (int64_t y = all_ ? 0 : edge_; y < (all_ ? src.h : edge_ + 1); ++y)
      std::memcpy(copies_ + (all_ ? y : 0) * pitch_, src.data + y * src.sy, static_cast<size_t>(bytes));
  }
  const uint8_t* operator[](int64_t y) const {
    if (all_) return copies_ + y * pitch_;
    return y == edge_ ? copies_ : src_.data + y * src_.sy;
  }

 private:
  View src_;
  int64_t edge_ = 0, pitch_ = 0;
  bool all_ = false;
  uint8_t* copies_ = nullptr;
};

void horizontal_u8(const View& src, const View& dst, const Job& s, Arena& arena) {
  const auto weights = weights_x(src, s, src.sx);
  const FixedWeights fixed = weights->fixed();
  const SourceRows rows(window(src, s.roi_y, 0, dst.h, src.w), fixed.groups * 4, arena);
  const int64_t bytes = dst.w * dst.c, pitch = bytes + 2 * kRowSlack;
  uint8_t* buffer = arena.take(static_cast<size_t>(pitch * kRowBlock)) + kRowSlack;
  for (int64_t y = 0; y < dst.h; y += kRowBlock) {
    const int64_t n = std::min(kRowBlock, dst.h - y);
    const uint8_t* in[kRowBlock];
    uint8_t* out[kRowBlock];
    for (int64_t r = 0; r < n; ++r) {
      in[r] = rows[y + r];
      out[r] = buffer + r * pitch;
    }
    s.run().resample_h_u8(in, out, n, src.c, src.sx, s.roi_x, dst.w, fixed);
    for (int64_t r = 0; r < n; ++r) std::memcpy(dst.data + (y + r) * dst.sy, out[r], static_cast<size_t>(bytes));
  }
}

void vertical_u8(const View& src, const View& dst, const Job& s, Arena& arena) {
  const auto weights = weights_y(src, s);
  const FixedWeights fixed = weights->fixed();
  const auto** rows = arena.take_array<const uint8_t*>(static_cast<size_t>(fixed.groups * 4));
  const View from = window(src, 0, s.roi_x, src.h, dst.w);
  for (int64_t y = 0; y < dst.h; ++y) {
    for (int64_t t = 0; t < fixed.groups * 4; ++t)  // weights of rows past the source are 0
      rows[t] = from.data + std::min<int64_t>(fixed.start[s.roi_y + y] + t, src.h - 1) * from.sy;
    s.run().resample_v_u8(rows, dst.data + y * dst.sy, dst.w * dst.c, s.roi_y + y, fixed);
  }
}

// A ring of horizontally resampled rows, filled just ahead of the vertical pass so that it stays in the cache.
struct Ring {
  uint8_t* data;
  int64_t pitch, slots, done;

  // Rows y, y + 1, ..., n of them; those behind `last` are that one.
  template <typename Byte>
  void rows(int64_t y, int64_t n, int64_t last, Byte** out) const {
    auto slot = static_cast<int64_t>(static_cast<uint32_t>(y) % static_cast<uint32_t>(slots));
    for (int64_t t = 0; t < n; ++t) {
      out[t] = data + slot * pitch;
      if (y + t < last) slot = slot + 1 == slots ? 0 : slot + 1;
    }
  }
};

// With `then`, rows are normalised into dst; else they are dst's.
void both_u8(const View& src, const View& dst, const Job& s, const Normalizer* then, Arena& arena) {
  const auto wx = weights_x(src, s, src.sx), wy = weights_y(src, s);
  const FixedWeights fx = wx->fixed(), fy = wy->fixed();
  const SourceRows source(src, fx.groups * 4, arena);
  const int64_t taps = fy.groups * 4;
  const auto** rows = arena.take_array<const uint8_t*>(static_cast<size_t>(taps));
  Ring ring{nullptr, (dst.w * dst.c + 2 * kRowSlack + 63) / 64 * 64, taps + kRowBlock, fy.start[s.roi_y]};
  ring.data = arena.take(static_cast<size_t>(ring.pitch * ring.slots)) + kRowSlack;
  const int64_t end = std::min(fy.start[s.roi_y + dst.h - 1] + taps, src.h);
  const View finished = arena.image(1, dst.w, dst.c, DType::u8, false);
  const uint8_t* in[kRowBlock];
  uint8_t* out[kRowBlock];
  for (int64_t y = 0; y < dst.h; ++y) {
    const int64_t need = std::min(fy.start[s.roi_y + y] + taps, src.h);
    while (ring.done < need) {
      const int64_t n = std::min(kRowBlock, end - ring.done);
      for (int64_t r = 0; r < n; ++r) in[r] = source[ring.done + r];
      ring.rows(ring.done, n, end, out);
      s.run().resample_h_u8(in, out, n, src.c, src.sx, s.roi_x, dst.w, fx);
      ring.done += n;
    }
    ring.rows(fy.start[s.roi_y + y], taps, src.h - 1, rows);
    s.run().resample_v_u8(rows, then == nullptr ? dst.data + y * dst.sy : finished.data, dst.w * dst.c, s.roi_y + y,
                          fy);
    if (then != nullptr) (*then)(finished, window(dst, y, 0, 1, dst.w), true);
  }
}

void resample_u8(const View& src, const View& dst, const Job& s, Arena& arena) {
  const Scratch scratch(arena);
  const Passes passes = passes_of(src, s);
  if (passes.horizontal && passes.vertical) {
    both_u8(src, dst, s, nullptr, arena);
  } else if (passes.horizontal) {
    horizontal_u8(src, dst, s, arena);
  } else if (passes.vertical) {
    vertical_u8(src, dst, s, arena);
  } else {
    copy(window(src, s.roi_y, s.roi_x, dst.h, dst.w), dst);
  }
}

void resample_real(const View& src, const View& dst, const Job& s, Arena& arena) {
  const Scratch scratch(arena);
  const Passes passes = passes_of(src, s);
  if (!passes.vertical) {
    const View rows = window(src, s.roi_y, 0, dst.h, src.w);
    if (!passes.horizontal) return copy(window(rows, 0, s.roi_x, dst.h, dst.w), dst);
    return s.run().resample_h_real(rows, dst, s.roi_x, weights_x(src, s, 0)->real());
  }
  View mid = window(src, 0, s.roi_x, src.h, dst.w);
  if (passes.horizontal) {
    mid = arena.image(src.h, dst.w, src.c, src.dtype, planar(src) && src.c > 1);
    s.run().resample_h_real(src, mid, s.roi_x, weights_x(src, s, 0)->real());
  }
  s.run().resample_v_real(mid, dst, s.roi_y, weights_y(src, s)->real());
}

}  // namespace

bool has_horizontal_pass(const View& src, const ResampleSpec& spec) { return passes_of(src, spec).horizontal; }

void resample(const View& src, const View& dst, const ResampleSpec& spec, Arena& arena) {
  const Job job(spec, dst);
  if (src.dtype != DType::u8) return resample_real(src, dst, job, arena);
  const bool direct = interleaved(src) || (padded(src) && passes_of(src, job).horizontal);
  if (direct && interleaved(dst)) return resample_u8(src, dst, job, arena);
  if (planar(src) && planar(dst)) {
    for (int64_t c = 0; c < src.c; ++c) resample_u8(plane(src, c), plane(dst, c), job, arena);
    return;
  }
  const Scratch scratch(arena);
  const View from = interleaved(src) ? src : arena.image(src.h, src.w, src.c, src.dtype, false);
  if (from.data != src.data) copy(src, from);
  const View to = interleaved(dst) ? dst : arena.image(dst.h, dst.w, dst.c, dst.dtype, false);
  resample_u8(from, to, job, arena);
  if (to.data != dst.data) copy(to, dst);
}

bool resample_normalized(const View& src, const View& dst, const ResampleSpec& spec, const Normalizer& then,
                         Arena& arena) {
  const Job job(spec, dst);
  const Passes passes = passes_of(src, job);
  if (src.dtype != DType::u8 || !readable(src) || !passes.horizontal || !passes.vertical) return false;
  const Scratch scratch(arena);
  both_u8(src, dst, job, &then, arena);
  return true;
}

void resample_premultiplied(const View& src, const View& dst, const ResampleSpec& spec, Arena& arena) {
  const Job job(spec, dst);
  const Passes passes = passes_of(src, job);
  if (!passes.horizontal && !passes.vertical) return resample(src, dst, spec, arena);
  const Scratch scratch(arena);
  const View from = arena.image(src.h, src.w, src.c, src.dtype, false);
  const View to = arena.image(dst.h, dst.w, dst.c, dst.dtype, false);
  copy(src, from);
  premultiply(from);
  resample_u8(from, to, job, arena);
  unpremultiply(to);
  copy(to, dst);
}

}  // namespace twinlens
