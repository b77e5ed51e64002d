#include "../denoise.hpp"

#include "../copy.hpp"
#include "../dispatch.hpp"
#include "../lab.hpp"
#include "operations.hpp"

namespace twinlens::operations {
namespace {

constexpr int64_t kFirstWeight = 7;
constexpr int64_t kMaxTemplate = 63, kMaxSearch = 127, kMaxTable = 255 * 255 * 8;
constexpr int64_t kMaxBlock = 1023, kFirstTap = 5, kMaxOffset = 512;

bool is_odd(int64_t n, int64_t low, int64_t high) { return in_range(n, low, high) && n % 2 == 1; }

// So that no sum of weighted pixels passes 2^31 and no sum of weights is 0.
void check_weights(const int64_t* table, int64_t n, int64_t search) {
  const int64_t largest = ((int64_t{1} << 31) - 1) / (search * search * 255);
  for (int64_t i = 0; i < n; ++i) require(in_range(table[i], 0, largest), "denoise: a weight is out of range");
  require(table[0] > 0 && table[n - 1] == 0, "denoise: the weights begin with 0, or do not end so");
}

void check_denoise(const Args& a, const View& now) {
  const bool lab = a[1] != 0;
  require(now.dtype == DType::u8, "denoise: takes uint8");
  require(is_odd(a[2], 1, kMaxTemplate) && is_odd(a[3], 1, kMaxSearch), "denoise: a window out of range");
  require(in_range(a[4], 0, 1), "denoise: alpha is 0 or 1");
  require(in_range(now.c - a[4], lab ? 3 : 1, lab ? 3 : kMeansChannels), "denoise: a number of channels");
  require(in_range(a[5], 2, kMaxTable) && in_range(a[6], lab ? 2 : 0, kMaxTable), "denoise: sizes of the tables");
  require(a.op.int_count == kFirstWeight + a[5] + a[6], "denoise: a wrong number of weights");
  check_weights(a.ints + kFirstWeight, a[5], a[3]);
  if (lab) check_weights(a.ints + kFirstWeight + a[5], a[6], a[3]);
}

int shift_of(int64_t size) {
  int shift = 0;
  while ((int64_t{1} << shift) < size * size) ++shift;
  return shift;
}

MeansWeights weights_of(const Args& a, bool second, Arena& arena) {
  const int64_t n = a[second ? 6 : 5];
  const int64_t* from = a.ints + kFirstWeight + (second ? a[5] : 0);
  auto* table = arena.take_array<int32_t>(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) table[i] = static_cast<int32_t>(from[i]);
  return {table, static_cast<int32_t>(n - 1), shift_of(a[2]), a[2] / 2, a[3] / 2};
}

// Mirrored without the edge, as often as it takes.
int64_t mirrored(int64_t at, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1), wrapped = (at < 0 ? -at : at) % period;
  return wrapped < n ? wrapped : period - wrapped;
}

const uint8_t* widened(const View& src, int64_t border, Arena& arena) {
  const int64_t w = src.w + 2 * border, h = src.h + 2 * border;
  uint8_t* out = arena.take(static_cast<size_t>(w * h));
  auto* columns = arena.take_array<int64_t>(static_cast<size_t>(w));
  for (int64_t x = 0; x < w; ++x) columns[x] = mirrored(x - border, src.w) * src.sx;
  for (int64_t y = 0; y < h; ++y) {
    const uint8_t* row = src.data + mirrored(y - border, src.h) * src.sy;
    for (int64_t x = 0; x < w; ++x) out[y * w + x] = row[columns[x]];
  }
  return out;
}

void denoise_channels(const View& src, const View& dst, const Args& a, bool second, Arena& arena) {
  const Scratch memory(arena);
  const MeansWeights weights = weights_of(a, second, arena);
  const int64_t border = weights.template_radius + weights.search_radius;
  MeansSource from{{}, src.c, src.w + 2 * border};
  for (int64_t c = 0; c < src.c; ++c) from.planes[c] = widened(plane(src, c), border, arena);
  const auto w = static_cast<size_t>(src.w), strip = static_cast<size_t>(kMeansStrip) * w;
  const MeansScratch scratch{arena.take_array<int32_t>(w + static_cast<size_t>(a[2] + kMeansLanes)),
                             arena.take_array<int32_t>(w + static_cast<size_t>(kMeansLanes)),
                             arena.take_array<int32_t>(strip),
                             arena.take_array<int32_t>(strip * static_cast<size_t>(src.c))};
  TWL_KERNELS(denoise_kernels).non_local_means(from, dst, weights, scratch);
}

View channels_of(const View& v, int64_t first, int64_t count) {
  View part = v;
  part.data += first * v.sc;
  part.c = count;
  return part;
}

// Linear RGB through the tables that sRGB goes through, with other curves at both ends.
void denoise_lab(const View& src, const View& dst, const Args& a, Arena& arena) {
  const Scratch memory(arena);
  auto* light = arena.take_array<int32_t>(256);
  auto* levels = arena.take_array<int32_t>(4096);
  for (int32_t i = 0; i < 256; ++i) light[i] = 8 * i;
  for (int32_t i = 0; i < 4096; ++i) levels[i] = (i * 255) >> 12;
  LabTables tables = srgb_tables();
  tables.linear = light;
  tables.gamma = levels;
  tables.linear16 = nullptr;
  const View lab = arena.image(src.h, src.w, 3, DType::u8, true), clean = arena.image(src.h, src.w, 3, DType::u8, true);
  rgb_to_lab(src, lab, tables);
  denoise_channels(channels_of(lab, 0, 1), channels_of(clean, 0, 1), a, false, arena);
  denoise_channels(channels_of(lab, 1, 2), channels_of(clean, 1, 2), a, true, arena);
  lab_to_rgb(clean, dst, tables);
}

void do_denoise(State& s, const Args& a, bool last) {
  const View dst = s.make_like(s.now, last);
  const int64_t colours = s.now.c - a[4];
  const View from = channels_of(s.now, 0, colours), to = channels_of(dst, 0, colours);
  if (a[1] != 0)
    denoise_lab(from, to, a, s.arena);
  else
    denoise_channels(from, to, a, false, s.arena);
  if (a[4] != 0) copy(channels_of(s.now, colours, 1), channels_of(dst, colours, 1));
  s.now = dst;
}

void check_adaptive(const Args& a, const View& now) {
  require(now.dtype == DType::u8, "adaptive threshold: takes uint8");
  require(is_odd(a[1], 3, kMaxBlock), "adaptive threshold: block size");
  require(in_range(a[2], -kMaxOffset, kMaxOffset), "adaptive threshold: offset");
  require(in_range(a[4], 0, 1) && now.c > a[4], "adaptive threshold: alpha");
  const int64_t n = a.op.int_count - kFirstTap;
  if (n == 0) return;
  require(n == a[1], "adaptive threshold: a wrong number of weights");
  int64_t sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    require(in_range(a[kFirstTap + i], 0, 1 << 16), "adaptive threshold: a weight is out of range");
    sum += a[kFirstTap + i];
  }
  require(sum == 1 << 16, "adaptive threshold: the weights do not add up to 2^16");
}

void do_adaptive(State& s, const Args& a, bool last) {
  const View src = s.now, dst = s.make_like(s.now, last);
  const Scratch memory(s.arena);
  const auto n = static_cast<size_t>(a[1]), w = static_cast<size_t>(src.w);
  AdaptiveSpec spec{a[1], static_cast<int32_t>(a[2]), a[3] != 0, nullptr};
  if (a.op.int_count > kFirstTap) {
    auto* weights = s.arena.take_array<float>(n);
    for (size_t i = 0; i < n; ++i) weights[i] = static_cast<float>(a[kFirstTap + static_cast<int64_t>(i)]);
    spec.weights = weights;
  }
  const AdaptiveScratch scratch{s.arena.take_array<float>(w + n),
                                s.arena.take(w * static_cast<size_t>(src.h) * sizeof(float)),
                                s.arena.take_array<double>(w)};
  const int64_t colours = src.c - a[4];
  for (int64_t c = 0; c < colours; ++c)
    TWL_KERNELS(denoise_kernels).adaptive_threshold(plane(src, c), plane(dst, c), spec, scratch);
  if (a[4] != 0) copy(plane(src, colours), plane(dst, colours));
  s.now = dst;
}

}  // namespace

// lab, template window, search window, alpha, sizes of the two tables, the tables
const Operation denoise = {8, 0, check_denoise, do_denoise};

// block size, offset, inverse, alpha, weights that sum to 2^16 (none: the plain mean)
const Operation adaptive_threshold = {5, 0, check_adaptive, do_adaptive};

}  // namespace twinlens::operations
