#include "jpeg.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "view.hpp"

namespace twinlens {
namespace {

using jpeg_abi::Decompress;
using jpeg_abi::Functions;

template <typename F>
bool find(void* library, const char* name, F*& function) {
  function = reinterpret_cast<F*>(dlsym(library, name));
  return function != nullptr;
}

// Chroma is interpolated from neighbours, which the outermost columns of what is decoded do not have.
constexpr int64_t kMargin = 4;
constexpr int kRows = 16;  // in one call

struct Failure {
  jpeg_abi::Error error;  // first, for libjpeg knows of no more
  std::jmp_buf out;
};

[[noreturn]] void give_up(Decompress* info) { std::longjmp(reinterpret_cast<Failure*>(info->err)->out, 1); }

// A warning: pixels are lost, or might be.
void count(Decompress* info, int level) {
  if (level < 0) ++info->err->warnings;
}

void stay_silent(Decompress*) {}

struct Job {
  const uint8_t* data;
  size_t size;
  const Part& part;
  const View& dst;
};

bool is_expected(const Decompress& info, const View& dst) {
  const bool gray = info.jpeg_color_space == jpeg_abi::kGray && info.num_components == 1;
  const bool color = info.jpeg_color_space == jpeg_abi::kYcc && info.num_components == 3;
  return (gray || color) && info.image_width == dst.w && info.image_height == dst.h;
}

// Rows and columns of the part, and what lies between the columns and the borders of blocks.
bool read_part(const Functions& libjpeg, Decompress* info, const Job& job) {
  const View& dst = job.dst;
  const Part& part = job.part;
  uint32_t x = static_cast<uint32_t>(std::max<int64_t>(part.left - kMargin, 0));
  uint32_t width = static_cast<uint32_t>(std::min(part.right + kMargin, dst.w)) - x;
  if (width < dst.w) libjpeg.crop_scanline(info, &x, &width);
  if (info->output_width != width || x + width > dst.w || info->out_color_components != dst.c) return false;
  if (part.top > 0 && libjpeg.skip_scanlines(info, static_cast<uint32_t>(part.top)) != part.top) return false;
  for (int64_t y = part.top; y < part.bottom;) {
    unsigned char* rows[kRows];
    const int64_t n = std::min<int64_t>(kRows, part.bottom - y);
    for (int64_t i = 0; i < n; ++i) rows[i] = dst.data + (y + i) * dst.sy + static_cast<int64_t>(x) * dst.c;
    const uint32_t done = libjpeg.read_scanlines(info, rows, static_cast<uint32_t>(n));
    if (done == 0) return false;
    y += done;
  }
  return true;
}

bool decode(const Functions& libjpeg, Decompress* info, const Job& job) {
  libjpeg.CreateDecompress(info, jpeg_abi::kVersion, sizeof(Decompress));
  libjpeg.mem_src(info, job.data, job.size);
  if (libjpeg.read_header(info, 1) != 1 || !is_expected(*info, job.dst)) return false;
  info->out_color_space = job.dst.c == 1 ? jpeg_abi::kGray : jpeg_abi::kRgb;
  return libjpeg.start_decompress(info) != 0 && read_part(libjpeg, info, job);
}

bool ends_as_it_should(const uint8_t* data, size_t size) {
  return size > 4 && data[size - 2] == 0xff && data[size - 1] == 0xd9;
}

}  // namespace

std::unique_ptr<const Functions> find_libjpeg(const char* path) {
  if (sizeof(void*) != 8 || sizeof(long) != 8) return nullptr;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  auto found = std::make_unique<Functions>();
  const bool all = find(library, "jpeg_std_error", found->std_error) &&
                   find(library, "jpeg_CreateDecompress", found->CreateDecompress) &&
                   find(library, "jpeg_mem_src", found->mem_src) &&
                   find(library, "jpeg_read_header", found->read_header) &&
                   find(library, "jpeg_start_decompress", found->start_decompress) &&
                   find(library, "jpeg_crop_scanline", found->crop_scanline) &&
                   find(library, "jpeg_skip_scanlines", found->skip_scanlines) &&
                   find(library, "jpeg_read_scanlines", found->read_scanlines) &&
                   find(library, "jpeg_destroy_decompress", found->destroy_decompress) &&
                   dlsym(library, "jpeg12_skip_scanlines") != nullptr;  // since version 3
  if (all) return found;
  dlclose(library);
  return nullptr;
}

Size jpeg_size(const uint8_t* data, size_t size) {
  if (size < 4 || data[0] != 0xff || data[1] != 0xd8) return {0, 0};
  for (size_t at = 2; at + 9 <= size && data[at] == 0xff;) {
    const uint8_t marker = data[at + 1];
    if (marker == 0xff) {  // filling
      ++at;
      continue;
    }
    const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) return {data[at + 5] << 8 | data[at + 6], data[at + 7] << 8 | data[at + 8]};
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xda)) break;  // no segment, or the scan without a frame
    at += 2 + static_cast<size_t>(data[at + 2] << 8 | data[at + 3]);
  }
  return {0, 0};
}

bool decode_jpeg_part(const Functions& libjpeg, const uint8_t* data, size_t size, const Part& part, const View& dst) {
  const bool fits = dst.dtype == DType::u8 && (dst.c == 1 || dst.c == 3) && interleaved(dst) && part.top >= 0 &&
                    part.left >= 0 && part.top < part.bottom && part.left < part.right && part.bottom <= dst.h &&
                    part.right <= dst.w;
  if (!fits || !ends_as_it_should(data, size)) return false;
  const Job job{data, size, part, dst};
  Decompress info = {};
  Failure failure = {};
  info.err = libjpeg.std_error(&failure.error);
  failure.error.error_exit = give_up;
  failure.error.emit_message = count;
  failure.error.output_message = stay_silent;
  volatile bool done = false;
  if (setjmp(failure.out) == 0) done = decode(libjpeg, &info, job);
  libjpeg.destroy_decompress(&info);
  return done && failure.error.warnings == 0;
}

}  // namespace twinlens
