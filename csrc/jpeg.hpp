// A part of a JPEG, by the libjpeg-turbo that another library brought into the process.
#pragma once
#include <memory>

#include "image.hpp"
#include "jpeg_abi.hpp"

namespace twinlens {

// A libjpeg-turbo of version 3 or later and ABI 6.2, found in the library at `path` or in what that is linked to; it
// stays loaded for good. nullptr where there is none.
std::unique_ptr<const jpeg_abi::Functions> find_libjpeg(const char* path);

// Rows [top, bottom) and columns [left, right) of a picture.
struct Part {
  int64_t top, left, bottom, right;
};

struct Size {
  int64_t h, w;
};

// As the frame's header has it; 0 x 0 where these are not the bytes of a JPEG that begins as it should.
Size jpeg_size(const uint8_t* data, size_t size);

// Decodes `part` to its place in dst, an interleaved uint8 picture of the file's size with one channel (the luma plane)
// or three (RGB). The pixels of `part` are those of decoding the whole file; others may be written or not. False where
// the file is neither gray nor YCbCr or has another size, where it does not end as it should, and where libjpeg finds
// fault with what it reads: dst then holds anything.
bool decode_jpeg_part(const jpeg_abi::Functions& libjpeg, const uint8_t* data, size_t size, const Part& part,
                      const View& dst);

}  // namespace twinlens
