// The batch executor: one list of operations, applied to many pictures of different sizes.
#pragma once
#include <vector>

#include "arena.hpp"

namespace twinlens {

// Python's steps write these; the parameters of each stand with it in operations/. Integers begin with `active`: 0
// leaves the picture as it is. x, y, h, w are in pixels of the operation's input.
enum class OpCode : int64_t {
  resample = 1,
  crop = 2,
  pad = 3,
  flip = 4,
  color = 5,
  clahe = 6,
  normalize = 7,
  convert = 8,
  transpose = 9,
  lut = 10,
  histogram = 11,
  adjust = 12,
  channels = 14,
  color_matrix = 15,
  warp = 16,
  remap = 17,
  convolve = 18,
  median = 19,
  morphology = 20,
  denoise = 22,
  erase = 23,
  noise = 24,
  overlay = 25,
  adaptive_threshold = 26,
};

// Parameters lie in rows, one a picture, or one row for all (stride 0).
struct Op {
  OpCode code;
  const int64_t* ints;
  int64_t int_stride, int_count;
  const double* reals;
  int64_t real_stride, real_count;
};

// Runs the operations on src[i] and leaves the result in dst[i], whose size, channels and dtype must be the result's.
// Throws std::invalid_argument where they are not, or where a parameter does not fit its picture; no parameter, however
// wrong, makes it read or write outside the pictures.
void run_plan(const std::vector<Op>& ops, const std::vector<View>& src, const std::vector<View>& dst, int threads);

}  // namespace twinlens
