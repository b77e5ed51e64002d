// Parts of JPEGs, whole and damaged: nothing is written beside the picture, and a part is as in the whole.
#include "jpeg.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "check.hpp"
#include "view.hpp"

namespace twinlens::tests {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t kGuard = 64;
constexpr uint8_t kMark = 171;

// A picture with bytes in front and behind that nobody may touch.
struct Guarded {
  Bytes bytes;
  View view;
  Guarded(Size size, int64_t c) : bytes(static_cast<size_t>(size.h * size.w * c) + 2 * kGuard, kMark) {
    view = dense(bytes.data() + kGuard, size.h, size.w, c, DType::u8, false);
  }
  void check() const {
    const auto marked = [](uint8_t b) { return b == kMark; };
    CHECK(std::all_of(bytes.begin(), bytes.begin() + kGuard, marked), "written in front of the picture");
    CHECK(std::all_of(bytes.end() - kGuard, bytes.end(), marked), "written behind the picture");
  }
};

Part random_part(Random& r, Size s) {
  const int64_t top = r.between(0, s.h - 1), left = r.between(0, s.w - 1);
  return {top, left, r.between(top + 1, s.h), r.between(left + 1, s.w)};
}

Bytes damaged(Random& r, Bytes file) {
  for (int64_t n = r.between(1, 6); n > 0; --n)
    file[static_cast<size_t>(r.between(0, static_cast<int64_t>(file.size()) - 1))] = static_cast<uint8_t>(r.bits());
  if (r.between(0, 3) > 0) return file;
  file.resize(static_cast<size_t>(r.between(2, static_cast<int64_t>(file.size()))));
  file.insert(file.end(), {0xff, 0xd9});
  return file;
}

Bytes read(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void check_part(const Part& part, const View& got, const View& whole) {
  for (int64_t y = part.top; y < part.bottom; ++y) {
    const int64_t at = y * got.sy + part.left * got.sx;
    CHECK(std::memcmp(got.data + at, whole.data + at, static_cast<size_t>((part.right - part.left) * got.c)) == 0,
          "row %lld differs", static_cast<long long>(y));
  }
}

}  // namespace

void jpeg_headers_of_any_bytes(Random& random, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    Bytes bytes(static_cast<size_t>(random.between(0, 60)));
    for (uint8_t& b : bytes) b = random.coin() ? random.pick<uint8_t>({0xff, 0xd8, 0xc0, 0xe1, 0, 2}) : 7;
    if (bytes.size() > 1 && random.coin()) bytes[0] = 0xff, bytes[1] = 0xd8;
    const Size s = jpeg_size(bytes.data(), bytes.size());
    CHECK(s.h >= 0 && s.h < 65536 && s.w >= 0 && s.w < 65536, "a size that no header can hold");
  }
}

void jpeg_parts_stay_in_bounds(Random& random, int rounds) {
  const char *library = std::getenv("TWINLENS_LIBJPEG"), *file = std::getenv("TWINLENS_JPEG");
  if (library == nullptr || file == nullptr) {
    std::puts("jpeg parts: skipped, for TWINLENS_LIBJPEG and TWINLENS_JPEG do not name a library and a picture");
    return;
  }
  const auto libjpeg = find_libjpeg(library);
  CHECK(libjpeg != nullptr, "%s has no libjpeg-turbo 3", library);
  const Bytes good = read(file);
  const Size size = jpeg_size(good.data(), good.size());
  for (const int64_t c : {1, 3}) {
    const Guarded whole(size, c);
    CHECK(decode_jpeg_part(*libjpeg, good.data(), good.size(), {0, 0, size.h, size.w}, whole.view), "%s", file);
    for (int round = 0; round < rounds; ++round) {
      const Part part = random_part(random, size);
      const Guarded picture(size, c);
      const bool intact = random.coin();
      const Bytes bytes = intact ? good : damaged(random, good);
      const bool done = decode_jpeg_part(*libjpeg, bytes.data(), bytes.size(), part, picture.view);
      picture.check();
      CHECK(done || !intact, "a part of an intact file was refused");
      if (intact) check_part(part, picture.view, whole.view);
    }
  }
}

}  // namespace twinlens::tests
