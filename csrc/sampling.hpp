// Parameters of random transforms as pure functions of (key, stream): no libm function decides one.
#pragma once
#include <stdint.h>

namespace twinlens {

// exp and log from IEEE operations alone: the same bits on every platform, within 2 ulp.
double portable_exp(double x);
double portable_log(double x);

// The crop of torchvision's RandomResizedCrop.get_params: ten attempts at an area of `scale` and a log-uniform aspect
// `ratio`, then the largest central crop within the ratios. Writes y, x, h, w.
void resized_crop(uint64_t key, uint64_t stream, int64_t h, int64_t w, const double scale[2], const double ratio[2],
                  int64_t* yxhw);

}  // namespace twinlens
