#include "clahe.hpp"

#include <algorithm>
#include <cmath>

#include "dispatch.hpp"
#include "lab.hpp"
#include "view.hpp"

namespace twinlens {
namespace {

// Kernels read the columns in whole blocks of this many.
constexpr int64_t kColumnBlock = 64;

// Rows that are blended together and stay in the cache.
constexpr int64_t kRowsAtOnce = 32;

// One axis of the tile grid over `size` samples, padded at the end to `tiles * tile`.
struct Axis {
  int64_t size, tiles, tile;
};

// Where a sample lies between tile centres: region r blends tiles r - 1 and r, `weight` of the latter.
struct Position {
  int32_t region;
  float weight;
};

Position position(int64_t i, int64_t tile) {
  const float t = static_cast<float>(i) * (1.0f / static_cast<float>(tile)) - 0.5f;
  const float whole = std::floor(t);
  return {static_cast<int32_t>(whole) + 1, t - whole};
}

// OpenCV pads both axes as soon as one does not divide, and then by a whole `tiles` where the other does.
void tile_axes(Axis& y, Axis& x) {
  const bool divides = y.size % y.tiles == 0 && x.size % x.tiles == 0;
  for (Axis* axis : {&y, &x}) axis->tile = axis->size / axis->tiles + (divides ? 0 : 1);
}

// BORDER_REFLECT_101 for i >= 0, as often as it takes.
int64_t reflect(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i %= period;
  return i < n ? i : period - i;
}

ClaheTile tile_of(const Axis& y, const Axis& x, double clip_limit, int bins) {
  const int64_t area = y.tile * x.tile;
  ClaheTile tile{y.tile, x.tile, 0, static_cast<float>(bins - 1) / static_cast<float>(area)};
  // No bin holds more than the area: a limit beyond it changes nothing, and would not fit the integer.
  if (clip_limit > 0) {
    const double limit = std::min(clip_limit * static_cast<double>(area) / bins, static_cast<double>(area));
    tile.clip_limit = std::max(static_cast<int32_t>(limit), 1);
  }
  return tile;
}

template <typename T>
struct Typed;

template <>
struct Typed<uint8_t> {
  static constexpr int kBins = 256, kHistogram = 4 * 256;
  static auto lut() { return kernels().clahe_lut_u8; }
};

template <>
struct Typed<uint16_t> {
  static constexpr int kBins = 65536, kHistogram = 65536;
  static auto lut() { return kernels().clahe_lut_u16; }
};

// The equalisation of one channel. Tables are made a row of tiles at a time; two rows of them are alive. src and dst
// may be the same memory; then the rows of src have room for the padding behind them.
template <typename T>
class Plane {
 public:
  Plane(const View& src, const View& dst, double clip_limit, int64_t grid_y, int64_t grid_x, Arena& arena)
      : dst_(dst), y_{src.h, grid_y, 0}, x_{src.w, grid_x, 0}, arena_(arena) {
    tile_axes(y_, x_);
    tile_ = tile_of(y_, x_, clip_limit, kBins);
    fill_rows(src);
    fill_columns();
    hist_ = arena.take_array<int32_t>(Typed<T>::kHistogram);
    for (T*& row : luts_) row = arena.take_array<T>(static_cast<size_t>(grid_x) * kBins);
    packed_ = arena.take_array<int32_t>(kBins == 256 ? static_cast<size_t>(grid_x + 1) * 256 : 0);
    lines_ = arena.take_array<T>(static_cast<size_t>(kRowsAtOnce * src.w));
  }

  // Calls done(y, end) when those rows of dst are ready.
  template <typename F>
  void run(F done) {
    int64_t y = 0;
    for (int64_t band = 0; y < dst_.h; ++band) {
      if (band < y_.tiles) make_tables(band);
      const T* upper = luts_[std::max<int64_t>(band - 1, 0) % 2];
      const T* lower = luts_[std::min(band, y_.tiles - 1) % 2];
      if constexpr (kBins == 256) kernels().clahe_pack_u8(upper, lower, x_.tiles, packed_);
      for (int64_t n = rows_of(band, y); n > 0; n = rows_of(band, y)) {
        blend_rows(y, n, upper, lower);
        done(y, y + n);
        y += n;
      }
    }
  }

 private:
  static constexpr int kBins = Typed<T>::kBins;

  // Row pointers of the padded image. Its pixels are copied only where they are not contiguous or padding is needed.
  void fill_rows(const View& src) {
    const int64_t rows = y_.tile * y_.tiles, width = x_.tile * x_.tiles;
    const bool in_place = src.data == dst_.data;
    View from = src;
    if (src.sx != static_cast<int64_t>(sizeof(T)) || (width != src.w && !in_place)) {
      from = arena_.image(src.h, width, 1, src.dtype, true);
      kernels().copy_plane(src, window(from, 0, 0, src.h, src.w));
    }
    auto* mirror = arena_.take_array<int64_t>(static_cast<size_t>(width - src.w));
    for (int64_t x = src.w; x < width; ++x) mirror[x - src.w] = reflect(x, src.w);
    rows_ = arena_.take_array<const T*>(static_cast<size_t>(rows));
    for (int64_t y = 0; y < src.h; ++y) {
      auto* row = reinterpret_cast<T*>(from.data + y * from.sy);
      for (int64_t x = src.w; x < width; ++x) row[x] = row[mirror[x - src.w]];
      rows_[y] = row;
    }
    for (int64_t y = src.h; y < rows; ++y) {
      rows_[y] = rows_[reflect(y, src.h)];
      if (in_place) rows_[y] = std::copy_n(rows_[y], width, arena_.take_array<T>(static_cast<size_t>(width))) - width;
    }
  }

  void fill_columns() {
    const int64_t n = (x_.size + kColumnBlock - 1) / kColumnBlock * kColumnBlock;
    auto* region = arena_.take_array<int32_t>(static_cast<size_t>(n));
    auto* weight = arena_.take_array<float>(static_cast<size_t>(n));
    for (int64_t x = 0; x < n; ++x) {
      const Position at = position(std::min(x, x_.size - 1), x_.tile);
      region[x] = at.region;
      weight[x] = at.weight;
    }
    auto* end = arena_.take_array<int32_t>(static_cast<size_t>(x_.tiles + 1));
    for (int64_t r = 0; r <= x_.tiles; ++r)
      end[r] = static_cast<int32_t>(std::upper_bound(region, region + x_.size, r) - region);
    columns_ = {region, weight, end};
  }

  void make_tables(int64_t row) {
    for (int64_t i = 0; i < x_.tiles; ++i)
      Typed<T>::lut()(rows_ + row * y_.tile, i * x_.tile, tile_, hist_, luts_[row % 2] + i * kBins);
  }

  // How many rows from y on belong to the band, and their weights.
  int64_t rows_of(int64_t band, int64_t y) {
    int64_t n = 0;
    for (; n < kRowsAtOnce && y + n < dst_.h; ++n) {
      const Position at = position(y + n, y_.tile);
      if (at.region != band) break;
      weights_[n] = at.weight;
    }
    return n;
  }

  void blend_rows(int64_t y, int64_t n, const T* upper, const T* lower) {
    const View to = window(dst_, y, 0, n, dst_.w);
    const View lines = dense(reinterpret_cast<uint8_t*>(lines_), n, dst_.w, 1, dst_.dtype, true);
    const bool direct = to.sx == static_cast<int64_t>(sizeof(T));
    const View& out = direct ? to : lines;
    if constexpr (kBins == 256)
      kernels().clahe_blend_u8(rows_ + y, out, packed_, columns_, weights_);
    else
      kernels().clahe_blend_u16(rows_ + y, out, upper, lower, x_.tiles, columns_, weights_);
    if (!direct) kernels().copy_plane(lines, to);
  }

  View dst_;
  Axis y_, x_;
  ClaheTile tile_{};
  ClaheColumns columns_{};
  const T** rows_ = nullptr;
  int32_t* hist_ = nullptr;
  T* luts_[2] = {};
  int32_t* packed_ = nullptr;
  T* lines_ = nullptr;
  float weights_[kRowsAtOnce];
  Arena& arena_;
};

void clahe_plane(const View& src, const View& dst, double clip_limit, int64_t grid_y, int64_t grid_x, Arena& arena) {
  Scratch scratch(arena);
  const auto nothing = [](int64_t, int64_t) {};
  if (src.dtype == DType::u8)
    Plane<uint8_t>(src, dst, clip_limit, grid_y, grid_x, arena).run(nothing);
  else
    Plane<uint16_t>(src, dst, clip_limit, grid_y, grid_x, arena).run(nothing);
}

// L is equalised where it lies, a few rows at a time, and those turn into RGB while they are in the cache.
void clahe_lab(const View& src, const View& dst, double clip_limit, int64_t grid_y, int64_t grid_x, Arena& arena) {
  Scratch scratch(arena);
  Axis y{src.h, grid_y, 0}, x{src.w, grid_x, 0};
  tile_axes(y, x);
  const View room = arena.image(src.h, std::max(x.tile * x.tiles, src.w), 3, DType::u8, true);
  const View lab = window(room, 0, 0, src.h, src.w);
  rgb_to_lab(src, lab, srgb_tables());
  Plane<uint8_t>(plane(lab, 0), plane(lab, 0), clip_limit, grid_y, grid_x, arena).run([&](int64_t from, int64_t end) {
    lab_to_rgb(window(lab, from, 0, end - from, src.w), window(dst, from, 0, end - from, src.w), srgb_tables());
  });
}

}  // namespace

void clahe(const View& src, const View& dst, double clip_limit, int64_t grid_y, int64_t grid_x, ClaheMode mode,
           Arena& arena) {
  if (src.h == 0 || src.w == 0) return;
  if (mode == ClaheMode::lab) return clahe_lab(src, dst, clip_limit, grid_y, grid_x, arena);
  for (int64_t c = 0; c < src.c; ++c) clahe_plane(plane(src, c), plane(dst, c), clip_limit, grid_y, grid_x, arena);
}

}  // namespace twinlens
