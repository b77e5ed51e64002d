// Copies between views of any strides.
#pragma once
#include "view.hpp"

namespace twinlens {

// Same shape and dtype on both sides.
void copy(const View& src, const View& dst);

// A picture without gaps or reversed axes, in a layout that kernels read at full speed.
inline bool is_plain(const View& v) { return v.sx > 0 && (interleaved(v) || planar(v)); }

}  // namespace twinlens
