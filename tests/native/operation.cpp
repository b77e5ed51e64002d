#include "operation.hpp"

#include <iterator>
#include <utility>

namespace twinlens::tests {
namespace {

int64_t side(Random& r, int64_t max) {
  return r.coin() ? r.between(1, max) : r.pick<int64_t>({1, 2, 3, 7, 8, 15, 16, 17, 31, 33});
}

bool number(DType t) { return t == DType::u8 || t == DType::u16 || t == DType::f32; }

Operation resample(Random& r, Shape& s, int64_t max_side) {
  const int64_t method = r.between(0, 10), out_h = side(r, max_side), out_w = side(r, max_side);
  int64_t ry = 0, rx = 0, rh = out_h, rw = out_w;
  if (r.coin()) {
    ry = r.between(0, out_h - 1);
    rx = r.between(0, out_w - 1);
    rh = r.between(1, out_h - ry);
    rw = r.between(1, out_w - rx);
  }
  int64_t wy = 0, wx = 0, wh = s.h, ww = s.w;
  const bool windowed = r.between(0, 3) == 0;
  if (windowed) {
    wy = r.between(0, s.h - 1);
    wx = r.between(0, s.w - 1);
    wh = r.between(1, s.h - wy);
    ww = r.between(1, s.w - wx);
  }
  std::vector<double> box{0, 0, static_cast<double>(ww), static_cast<double>(wh)};
  if (r.between(0, 3) == 0)
    box = {r.unit() * 0.4 * box[2], r.unit() * 0.4 * box[3], (0.5 + r.unit() * 0.5) * box[2],
           (0.5 + r.unit() * 0.5) * box[3]};
  const bool premultiply = s.dtype == DType::u8 && s.c > 1 && method < 5 && r.between(0, 3) == 0;
  std::vector<int64_t> ints{
      1, method, out_h, out_w, ry, rx, rh, rw, wy, wx, wh, ww, premultiply ? 1 : 0, r.coin() ? 1 : 0, r.coin() ? 1 : 0};
  if (!windowed) ints[8] = ints[9] = ints[10] = ints[11] = 0;
  s.h = rh;
  s.w = rw;
  return {OpCode::resample, ints, box};
}

Operation crop(Random& r, Shape& s) {
  const int64_t y = r.between(0, s.h - 1), x = r.between(0, s.w - 1);
  const int64_t h = r.between(1, s.h - y), w = r.between(1, s.w - x);
  s.h = h;
  s.w = w;
  return {OpCode::crop, {1, y, x, h, w}, {}};
}

Operation pad(Random& r, Shape& s) {
  const int64_t left = r.between(0, 9), top = r.between(0, 9), right = r.between(0, 9), bottom = r.between(0, 9);
  std::vector<double> fill(static_cast<size_t>(r.coin() ? 1 : s.c));
  for (double& v : fill) v = s.dtype == DType::f32 ? r.unit() : static_cast<double>(r.between(0, 255));
  s.h += top + bottom;
  s.w += left + right;
  return {OpCode::pad, {1, left, top, right, bottom, r.between(0, 3)}, fill};
}

Operation color(Random& r, Shape& s) {
  int64_t kind = s.dtype == DType::u8 ? r.between(0, 10) : r.pick<int64_t>({0, 1, 2, 5, 6});
  if (s.c < 3 && kind != 6) kind = 5;
  if (kind == 2 && s.c > 4) kind = 0;
  const int64_t channels = kind < 2 ? r.pick<int64_t>({1, 3}) : kind == 2 ? s.c : kind == 6 ? r.between(1, s.c) : 3;
  s.c = channels;
  return {OpCode::color, {1, kind, channels}, {}};
}

Operation clahe(Random& r, Shape& s) {
  const bool lab = s.dtype == DType::u8 && s.c == 3 && r.coin();
  return {
      OpCode::clahe, {1, r.between(1, 9), r.between(1, 9), lab ? 1 : 0}, {r.pick({0.0, 0.5, 2.0, 40.0, 1e300, -1.0})}};
}

Operation normalize(Random& r, Shape& s) {
  const int64_t n = r.pick<int64_t>({0, 1, s.c});
  std::vector<double> reals;
  for (int64_t i = 0; i < n; ++i) reals.push_back(r.unit());
  for (int64_t i = 0; i < n; ++i) reals.push_back(r.pick({0.1 + r.unit(), 0.25, 1e-3, 1e3}));
  const int64_t dtype = r.between(2, 4);
  s.dtype = static_cast<DType>(dtype);
  return {OpCode::normalize, {1, dtype, r.coin() ? 1 : 0}, reals};
}

Operation convert(Random& r, Shape& s) {
  const int64_t dtype = r.between(0, 2);
  s.dtype = static_cast<DType>(dtype);
  return {OpCode::convert, {1, dtype, r.coin() ? 1 : 0}, {}};
}

std::vector<double> reals(Random& r, int64_t n, double scale) {
  std::vector<double> values(static_cast<size_t>(n));
  for (double& v : values) v = r.unit() * scale;
  return values;
}

Operation noise(Random& r, Shape& s) {
  const bool rgb = s.dtype == DType::u8 && s.c == 3;
  const int64_t kind = r.between(0, rgb ? 4 : 3), coin = r.between(0, 1);
  const auto seed = static_cast<int64_t>(r.bits());
  const double level = s.dtype == DType::f32 ? 1.0 : 255.0;
  const int64_t first = r.between(0, int64_t{1} << 32), second = r.between(first, int64_t{1} << 32);
  const int64_t n = kind == 2 ? s.c : kind == 3 ? 2 * s.c : 2;
  return {OpCode::noise, {1, kind, seed, coin, r.between(0, 1), first, second}, reals(r, n, kind == 4 ? 1.0 : level)};
}

Operation erase(Random& r, Shape& s) {
  const int64_t fill = s.dtype == DType::f32 ? r.between(0, 2) : r.between(0, 1), holes = r.between(0, 3);
  std::vector<int64_t> ints{1, fill, static_cast<int64_t>(r.bits()), holes};
  for (int64_t i = 0; i < 3; ++i) {
    const int64_t y = r.between(0, s.h - 1), x = r.between(0, s.w - 1);
    ints.insert(ints.end(), {y, x, r.between(1, s.h - y), r.between(1, s.w - x)});
  }
  return {OpCode::erase, ints, reals(r, r.pick<int64_t>({1, s.c, 3 * s.c}), s.dtype == DType::f32 ? 1.0 : 255.0)};
}

// Weights that mirror each other and sum to 2^bits.
void push_weights(Random& r, int64_t n, int64_t bits, std::vector<int64_t>& out) {
  std::vector<int64_t> w(static_cast<size_t>(n));
  int64_t left = (int64_t{1} << bits) / 2;
  for (size_t i = 0; i < w.size() / 2; ++i) {
    w[i] = w[w.size() - 1 - i] = r.between(0, left);
    left -= w[i];
  }
  w[w.size() / 2] = 2 * left;
  out.insert(out.end(), w.begin(), w.end());
}

// The first weight is above 0 and the last is 0.
void push_means(Random& r, int64_t n, int64_t search, std::vector<int64_t>& out) {
  const int64_t largest = ((int64_t{1} << 31) - 1) / (search * search * 255);
  out.push_back(r.between(1, largest));
  for (int64_t i = 2; i < n; ++i) out.push_back(r.between(0, largest));
  out.push_back(0);
}

Operation adaptive_threshold(Random& r, Shape& s) {
  const int64_t n = 2 * r.between(1, 9) + 1, alpha = s.c > 1 && r.coin() ? 1 : 0;
  std::vector<int64_t> ints{1, n, r.between(-9, 9), r.between(0, 1), alpha};
  if (r.coin()) push_weights(r, n, 16, ints);
  return {OpCode::adaptive_threshold, ints, {}};
}

Operation denoise(Random& r, Shape& s) {
  const int64_t alpha = s.c > 1 && r.coin() ? 1 : 0, lab = s.c - alpha == 3 && r.coin() ? 1 : 0;
  if (s.c - alpha > 4) return adaptive_threshold(r, s);
  const int64_t search = 2 * r.between(0, 3) + 1, n1 = r.between(2, 50), n2 = lab != 0 ? r.between(2, 50) : 0;
  std::vector<int64_t> ints{1, lab, 2 * r.between(0, 4) + 1, search, alpha, n1, n2};
  push_means(r, n1, search, ints);
  if (lab != 0) push_means(r, n2, search, ints);
  return {OpCode::denoise, ints, {}};
}

Operation convolve(Random& r, Shape& s) {
  const int64_t kind = r.between(0, 4), nx = 2 * r.between(0, 9) + 1, ny = 2 * r.between(0, 9) + 1;
  if (kind == 0) return {OpCode::convolve, {1, 0, r.between(0, s.c)}, {r.pick({0.0, 0.3, 1.0, 2.5, 30.0})}};
  if (kind == 4) return {OpCode::convolve, {1, 4, nx, ny}, reals(r, nx * ny, r.pick({0.02, 0.5, 1e-9}))};
  if (kind == 3) return {OpCode::convolve, {1, 3, r.between(1, 9), r.between(1, 9)}, {}};
  if (s.dtype == DType::f32) return {OpCode::convolve, {1, 2, nx, ny}, reals(r, nx + ny, 1.0)};
  const int64_t bits = r.pick<int64_t>({8, s.dtype == DType::u8 ? 20 : 16});
  std::vector<int64_t> ints{1, 1, nx, ny, bits, r.between(0, 1)};
  push_weights(r, nx, bits, ints);
  push_weights(r, ny, bits, ints);
  return {OpCode::convolve, ints, {}};
}

Operation median(Random& r, Shape& s) {
  return {OpCode::median, {1, 2 * r.between(1, s.dtype == DType::u8 ? 9 : 3) + 1}, {}};
}

Operation morphology(Random& r, Shape&) {
  const int64_t columns = r.between(1, 9), rows = r.between(1, 9);
  const bool whole = r.coin();
  std::vector<int64_t> ints{1, r.between(0, 1), columns, rows};
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t begin = whole ? 0 : r.between(0, columns / 2);
    ints.insert(ints.end(), {begin, whole ? columns : r.between(columns / 2 + 1, columns)});
  }
  return {OpCode::morphology, ints, {}};
}

Operation lut(Random& r, Shape& s) {
  const int64_t tables = r.coin() ? 1 : s.c;
  std::vector<int64_t> ints{1, tables};
  for (int64_t i = 0; i < tables * 32; ++i) ints.push_back(static_cast<int64_t>(r.bits()));
  return {OpCode::lut, ints, {}};
}

Operation histogram(Random& r, Shape& s) {
  const int64_t alpha = s.c > 1 && r.coin() ? 1 : 0;
  return {OpCode::histogram,
          {1, r.between(0, 3), r.between(0, 4), r.between(0, 255), alpha},
          {r.pick({0.0, 2.5, 50.0, 100.0}), r.pick({0.0, 1.0, 60.0})}};
}

Operation channels(Random& r, Shape& s) {
  const int64_t count = r.coin() ? s.c : r.between(1, 5);
  std::vector<int64_t> ints{1, count};
  for (int64_t i = 0; i < count; ++i) ints.push_back(r.between(-1, s.c - 1));
  s.c = count;
  return {OpCode::channels, ints, {static_cast<double>(r.between(0, 255))}};
}

Operation color_matrix(Random& r, Shape& s) {
  if (s.c != 3) return channels(r, s);
  std::vector<double> rows = reals(r, 12, 3.0);
  for (double& v : rows) v -= 1.5;
  return {OpCode::color_matrix, {1}, rows};
}

Operation adjust(Random& r, Shape& s) {
  const bool alpha = s.c == 2 || s.c == 4;
  const int64_t kind = r.between(0, s.c > 2 ? 3 : 1);
  if (s.c > 4) return {OpCode::crop, {1, 0, 0, s.h, s.w}, {}};
  return {
      OpCode::adjust, {1, kind, alpha ? 1 : 0}, {kind == 3 ? static_cast<double>(r.between(0, 255)) : 2 * r.unit()}};
}

Operation transpose(Random& r, Shape& s) {
  const int64_t swaps = r.between(0, 1);
  if (swaps != 0) std::swap(s.h, s.w);
  return {OpCode::transpose, {1, swaps, r.between(0, 1), r.between(0, 1)}, {}};
}

Operation flip(Random& r, Shape&) { return {OpCode::flip, {1, r.between(0, 1), r.between(0, 1)}, {}}; }

Operation overlay(Random& r, Shape& s) {
  const int64_t vertices = r.between(1, 6), polygons = r.between(1, 3);
  std::vector<int64_t> ints{1, r.between(0, polygons), vertices};
  for (int64_t i = 0; i < polygons * vertices; ++i) {
    ints.push_back(r.between(-9, s.w + 9));
    ints.push_back(r.between(-9, s.h + 9));
  }
  return {OpCode::overlay, ints, reals(r, polygons, 1.5)};
}

Operation warp(Random& r, Shape& s) {
  const int64_t method = r.between(0, 4), h = r.between(1, 40), w = r.between(1, 40);
  const int64_t premultiply = s.dtype == DType::u8 && s.c > 1 && method > 0 && method < 3 ? r.between(0, 1) : 0;
  std::vector<double> numbers{r.unit() * 2 - 1, r.unit() - 0.5, r.unit() * 9, r.unit() - 0.5,
                              r.unit() * 2 - 1, r.unit() * 9,   0.0,          0.0};
  const int64_t perspective = r.between(0, 1);
  if (perspective != 0) numbers[6] = r.unit() * 1e-2, numbers[7] = r.unit() * 1e-2;
  const auto fill = reals(r, r.pick<int64_t>({1, s.c}), s.dtype == DType::f32 ? 1.0 : 255.0);
  numbers.insert(numbers.end(), fill.begin(), fill.end());
  s.h = h;
  s.w = w;
  return {OpCode::warp, {1, method, perspective, h, w, premultiply}, numbers};
}

bool any(const Shape&) { return true; }
bool numbers(const Shape& s) { return number(s.dtype); }
bool integers(const Shape& s) { return s.dtype == DType::u8 || s.dtype == DType::u16; }
bool bytes(const Shape& s) { return s.dtype == DType::u8; }

Operation remap(Random& r, Shape& s) {
  const int64_t kind = r.between(0, 2), rx = kind == 0 ? r.between(0, 5) : 0, ry = kind == 0 ? r.between(0, 5) : 0;
  const int64_t across = kind == 1 ? s.w + r.between(0, 3) : 0, down = kind == 1 ? s.h + r.between(0, 3) : 0;
  std::vector<int64_t> ints{1,  kind, r.between(0, 1), r.between(0, 2), static_cast<int64_t>(r.bits()), across, down,
                            rx, ry};
  for (const int64_t radius : {rx, ry}) {
    ints.push_back(32768 - 2 * 1000 * radius);
    for (int64_t i = 0; i < radius; ++i) ints.push_back(1000);
  }
  const auto w = static_cast<double>(s.w), h = static_cast<double>(s.h);
  std::vector<double> numbers{r.unit() * 1e-3, r.unit() * 1e-3};
  if (kind == 1) numbers = reals(r, across + down, 1.2 * (w > h ? w : h));
  if (kind == 2)
    numbers = {r.unit() * w, r.unit() * h, 1 / w, 1 / h, w, h, w / 2, h / 2, r.unit() - 0.5, r.unit() - 0.5};
  const auto fill = reals(r, r.pick<int64_t>({1, s.c}), s.dtype == DType::f32 ? 1.0 : 255.0);
  numbers.insert(numbers.end(), fill.begin(), fill.end());
  return {OpCode::remap, ints, numbers};
}

struct Kind {
  bool (*takes)(const Shape&);
  Operation (*make)(Random&, Shape&);
};

constexpr Kind kKinds[] = {
    {any, transpose},      //
    {numbers, warp},       //
    {any, crop},           //
    {any, thinning},       //
    {any, flip},           //
    {numbers, pad},        //
    {numbers, color},      //
    {integers, clahe},     //
    {numbers, normalize},  //
    {numbers, convert},    //
    {numbers, noise},      //
    {numbers, erase},      //
    {numbers, remap},      //
    {numbers, overlay},    //
    {numbers, median},
    {numbers, morphology},
    {numbers, convolve},          //
    {bytes, lut},                 //
    {bytes, denoise},             //
    {bytes, adaptive_threshold},  //
    {numbers, channels},          //
    {numbers, color_matrix},      //
    {bytes, histogram},           //
    {bytes, adjust},              //
};

}  // namespace

// Every third is a resample, which has the most to go wrong.
Operation random_operation(Random& r, Shape& s, int64_t max_side) {
  if (number(s.dtype) && r.between(0, 2) == 0) return resample(r, s, max_side);
  while (true) {
    const Kind& kind = kKinds[r.between(0, static_cast<int64_t>(std::size(kKinds)) - 1)];
    if (kind.takes(s)) return kind.make(r, s);
  }
}

Shape random_shape(Random& r, int64_t max_side) {
  return {side(r, max_side), side(r, max_side), r.pick<int64_t>({1, 2, 3, 3, 4, 5, 7}),
          r.pick({DType::u8, DType::u8, DType::u16, DType::f32, DType::f16})};
}

}  // namespace twinlens::tests
