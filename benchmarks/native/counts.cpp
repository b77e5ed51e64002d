// twinlens_counts ISA: runs every case on a synthetic picture, first to fill the caches, then inside
// twinlens_counted(), which callgrind counts (see benchmarks/instructions.py). Prints how it was built and the cases in
// order.
#include <cstring>
#include <string>
#include <vector>

#include "../../tests/native/picture.hpp"
#include "dispatch.hpp"
#include "filters.hpp"
#include "operation.hpp"
#include "plan.hpp"

namespace {

using namespace twinlens;
using tests::Layout;
using tests::Picture;
using tests::Shape;

constexpr int64_t kHeight = 375, kWidth = 500, kCrop = 224, kBilinear = static_cast<int64_t>(Filter::bilinear);

struct Step {
  OpCode code;
  std::vector<int64_t> ints;
  std::vector<double> reals;
};

struct Case {
  std::string name;
  Shape from, to;
  Layout result;
  std::vector<Step> steps;
};

Shape rgb(int64_t h = kHeight, int64_t w = kWidth) { return {h, w, 3, DType::u8}; }
Shape gray() { return {kHeight, kWidth, 1, DType::u8}; }

Step resize(int64_t method, int64_t h, int64_t w, int64_t side = 0) {
  const int64_t rh = side != 0 ? side : h, rw = side != 0 ? side : w;
  return {OpCode::resample,
          {1, method, h, w, (h - rh) / 2, (w - rw) / 2, rh, rw, 0, 0, 0, 0, 0, 0, 0},
          {0, 0, static_cast<double>(kWidth), static_cast<double>(kHeight)}};
}

// What a random crop draws, mirrored as the planner pushes a flip into it.
Step drawn_resize() {
  return {OpCode::resample, {1, kBilinear, kCrop, kCrop, 0, 0, kCrop, kCrop, 0, 0, 0, 0, 0, 1, 0}, {61, 40, 421, 320}};
}

Step normalize() { return {OpCode::normalize, {1, 2, 1}, {0.485, 0.456, 0.406, 0.229, 0.224, 0.225}}; }
Step flip() { return {OpCode::flip, {1, 1, 0}, {}}; }
Step adjust(int64_t kind, double amount) { return {OpCode::adjust, {1, kind, 0}, {amount}}; }
Step clahe(int64_t mode) { return {OpCode::clahe, {1, 8, 8, mode}, {2.0}}; }
Step median(int64_t size) { return {OpCode::median, {1, size}, {}}; }

// 30 degrees round the middle.
Step rotate(int64_t method) {
  constexpr double c = 0.8660254037844387, s = 0.5, x = (kWidth - 1) / 2.0, y = (kHeight - 1) / 2.0;
  return {
      OpCode::warp, {1, method, 0, kHeight, kWidth, 0}, {c, s, x - c * x - s * y, -s, c, y + s * x - c * y, 0, 0, 0}};
}

// A table as Posterize has it.
Step three_bits() {
  std::vector<int64_t> ints{1, 1};
  for (int word = 0; word < 32; ++word) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>((8 * word + i) & 0xe0);
    int64_t packed;
    std::memcpy(&packed, bytes, sizeof packed);
    ints.push_back(packed);
  }
  return {OpCode::lut, ints, {}};
}

Step gaussian_5() { return {OpCode::convolve, {1, 1, 5, 5, 8, 0, 14, 63, 102, 63, 14, 14, 63, 102, 63, 14}, {}}; }

// Whole, and each pass alone: a side that stays has none.
void add_resamples(std::vector<Case>& cases) {
  const struct {
    const char* name;
    Filter filter;
  } filters[] = {{"bilinear", Filter::bilinear}, {"bicubic", Filter::bicubic}, {"lanczos", Filter::lanczos}};
  for (const auto& [name, filter] : filters) {
    const auto method = static_cast<int64_t>(filter);
    const auto add = [&](const char* what, int64_t h, int64_t w) {
      cases.push_back({std::string(what) + name, rgb(), rgb(h, w), Layout::interleaved, {resize(method, h, w)}});
    };
    add("resize ", 256, 341);
    add("horizontal pass ", kHeight, 341);
    add("vertical pass ", 256, kWidth);
  }
}

std::vector<Case> all_cases() {
  const Shape whole = rgb(), one = gray(), crop{kCrop, kCrop, 3, DType::f32};
  const Layout same = Layout::interleaved;
  std::vector<Case> cases;
  add_resamples(cases);
  const std::vector<Step> jitter{adjust(0, 1.31), adjust(1, 0.83), adjust(2, 1.23)};
  std::vector<Step> jittered{drawn_resize()};
  jittered.insert(jittered.end(), jitter.begin(), jitter.end());
  jittered.push_back(normalize());
  const std::vector<Case> rest{
      {"resize gray", one, {256, 341, 1, DType::u8}, same, {resize(kBilinear, 256, 341)}},
      {"resize OpenCV linear", whole, rgb(256, 341), same, {resize(7, 256, 341)}},
      {"resize OpenCV area", whole, rgb(256, 341), same, {resize(9, 256, 341)}},
      {"eval", whole, crop, Layout::planar, {resize(kBilinear, 256, 341, kCrop), normalize()}},
      {"train", whole, crop, Layout::planar, {drawn_resize(), normalize()}},
      {"train with jitter", whole, crop, Layout::planar, jittered},
      {"normalize", rgb(kCrop, kCrop), crop, Layout::planar, {normalize()}},
      {"jitter", whole, whole, same, jitter},
      {"brightness", whole, whole, same, {adjust(0, 1.31)}},
      {"contrast", whole, whole, same, {adjust(1, 0.83)}},
      {"saturation", whole, whole, same, {adjust(2, 1.23)}},
      {"hue", whole, whole, same, {adjust(3, 20)}},
      {"table", whole, whole, same, {three_bits()}},
      {"equalize", whole, whole, same, {{OpCode::histogram, {1, 1, 0, 255, 0}, {0, 0}}}},
      {"gray", whole, one, same, {{OpCode::color, {1, 0, 1}, {}}}},
      {"flip", whole, whole, same, {flip()}},
      {"transpose", whole, rgb(kWidth, kHeight), same, {{OpCode::transpose, {1, 1, 0, 0}, {}}}},
      {"CLAHE gray", one, one, same, {clahe(0)}},
      {"CLAHE Lab", whole, whole, same, {clahe(1)}},
      {"GaussianBlur 5", whole, whole, same, {gaussian_5()}},
      {"MedianBlur 3", whole, whole, same, {median(3)}},
      {"MedianBlur 5", whole, whole, same, {median(5)}},
      {"sharpness", whole, whole, same, {{OpCode::convolve, {1, 0, 0}, {1.7}}}},
      {"rotate OpenCV bilinear", whole, whole, same, {rotate(4)}},
      {"rotate Pillow nearest", whole, whole, same, {rotate(0)}},
      {"rotate Pillow bilinear", whole, whole, same, {rotate(1)}},
      {"Gaussian noise", whole, whole, same, {{OpCode::noise, {1, 0, 7, 0, 1, 0, 0}, {0.0, 20.0}}}},
  };
  cases.insert(cases.end(), rest.begin(), rest.end());
  return cases;
}

}  // namespace

extern "C" __attribute__((noinline)) void twinlens_counted(const std::vector<Op>& ops, const View& from,
                                                           const View& to) {
  run_plan(ops, {from}, {to}, 1);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "twinlens_counts ISA\n");
    return 2;
  }
  set_isa(argv[1]);
  CHECK(std::strcmp(isa_name(active_isa()), argv[1]) == 0, "asked for %s", argv[1]);
  std::printf("%s\t%s\t%s\n", TWINLENS_COMPILER, TWINLENS_USER_FLAGS, TWINLENS_FLAGS);
  for (const Case& c : all_cases()) {
    Picture from(c.from, Layout::interleaved, 0), to(c.to, c.result, 0);
    tests::Random random(1);
    from.fill(random, false);
    std::vector<Op> ops;
    for (const Step& s : c.steps) {
      const Operation& known = *operation_of(s.code);
      CHECK(static_cast<int64_t>(s.ints.size()) >= known.ints && static_cast<int64_t>(s.reals.size()) >= known.reals,
            "%s: parameters are missing", c.name.c_str());
      ops.push_back({s.code, s.ints.data(), 0, static_cast<int64_t>(s.ints.size()), s.reals.data(), 0,
                     static_cast<int64_t>(s.reals.size())});
    }
    run_plan(ops, {from.view}, {to.view}, 1);
    twinlens_counted(ops, from.view, to.view);
    std::printf("%s\t%lld\t%lld\n", c.name.c_str(), static_cast<long long>(c.from.h), static_cast<long long>(c.from.w));
  }
}
