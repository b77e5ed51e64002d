// What libjpeg's binary interface 6.2 lays down on 64-bit systems whose `long` has 64 bits, as far as it is used here.
// libjpeg-turbo keeps to it, and checks version and size on creation.
#pragma once
#include <cstddef>
#include <cstdint>

namespace twinlens::jpeg_abi {

constexpr int kVersion = 62;
constexpr int kGray = 1, kRgb = 2, kYcc = 3;  // colour spaces

struct Error;

struct Decompress {
  Error* err;
  void* memory;
  void* progress;
  void* client_data;
  int is_decompressor, global_state;
  void* source;
  uint32_t image_width, image_height;
  int num_components;
  int jpeg_color_space, out_color_space;
  int options[17];  // of scaling, method and palettes: their defaults are what is wanted
  uint32_t output_width, output_height;
  int out_color_components;
  unsigned char rest[484];
};

struct Error {
  void (*error_exit)(Decompress*);
  void (*emit_message)(Decompress*, int level);
  void (*output_message)(Decompress*);
  void (*format_message)(Decompress*, char*);
  void (*reset)(Decompress*);
  int message;
  char parameters[80];
  int trace_level;
  long warnings;
  void* tables[4];
};

static_assert(sizeof(void*) != 8 || sizeof(long) != 8 ||
                  (sizeof(Decompress) == 632 && offsetof(Decompress, image_width) == 48 &&
                   offsetof(Decompress, output_width) == 136 && sizeof(Error) == 168 &&
                   offsetof(Error, warnings) == 128),
              "libjpeg's structures");

// By the library's own names, less `jpeg_`.
struct Functions {
  Error* (*std_error)(Error*);
  void (*CreateDecompress)(Decompress*, int version, size_t size);
  void (*mem_src)(Decompress*, const unsigned char*, unsigned long size);
  int (*read_header)(Decompress*, int required);
  int (*start_decompress)(Decompress*);
  void (*crop_scanline)(Decompress*, uint32_t* x, uint32_t* width);
  uint32_t (*skip_scanlines)(Decompress*, uint32_t count);
  uint32_t (*read_scanlines)(Decompress*, unsigned char** rows, uint32_t count);
  void (*destroy_decompress)(Decompress*);
};

}  // namespace twinlens::jpeg_abi
