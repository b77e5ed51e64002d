#include "../foreign.hpp"
#include "operations.hpp"

namespace twinlens {

const Operation* operation_of(OpCode code) {
  switch (code) {
    case OpCode::resample:
      return &operations::resample;
    case OpCode::crop:
      return &operations::crop;
    case OpCode::pad:
      return &operations::pad;
    case OpCode::flip:
      return &operations::flip;
    case OpCode::color:
      return &operations::color;
    case OpCode::clahe:
      return &operations::clahe;
    case OpCode::normalize:
      return &operations::normalize;
    case OpCode::convert:
      return &operations::convert;
    case OpCode::transpose:
      return &operations::transpose;
    case OpCode::warp:
      return &operations::warp;
    case OpCode::denoise:
      return &operations::denoise;
    case OpCode::adaptive_threshold:
      return &operations::adaptive_threshold;
    case OpCode::erase:
      return &operations::erase;
    case OpCode::median:
      return &operations::median;
    case OpCode::morphology:
      return &operations::morphology;
    case OpCode::noise:
      return &operations::noise;
    case OpCode::overlay:
      return &operations::overlay;
    case OpCode::convolve:
      return &operations::convolve;
    case OpCode::channels:
      return &operations::channels;
    case OpCode::color_matrix:
      return &operations::color_matrix;
    case OpCode::adjust:
      return &operations::adjust;
    case OpCode::lut:
      return &operations::lut;
    case OpCode::histogram:
      return &operations::histogram;
    case OpCode::remap:
      return &operations::remap;
  }
  return foreign_operation(static_cast<int64_t>(code));
}

}  // namespace twinlens
