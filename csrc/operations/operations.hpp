// The operations there are.
#pragma once
#include <memory>

#include "../adjust.hpp"
#include "../normalize.hpp"
#include "../operation.hpp"

namespace twinlens::operations {

extern const Operation adaptive_threshold;
extern const Operation adjust;
extern const Operation clahe;
extern const Operation color;
extern const Operation convert;
extern const Operation channels;
extern const Operation color_matrix;
extern const Operation convolve;
extern const Operation crop;
extern const Operation denoise;
extern const Operation erase;
extern const Operation flip;
extern const Operation histogram;
extern const Operation lut;
extern const Operation median;
extern const Operation morphology;
extern const Operation noise;
extern const Operation normalize;
extern const Operation overlay;
extern const Operation pad;
extern const Operation remap;
extern const Operation resample;
extern const Operation transpose;
extern const Operation warp;

// Resample and, as the last operation, normalise: one walk over the rows where that can be; false where it cannot.
bool resample_then_normalize(State& s, const Args& a, const Args& then);

// Adjustments of three channels that follow each other run together.
bool is_colour_adjustment(const Args& a, const View& now);
Adjustment checked_adjustment(const Args& a, const View& now);
void adjust_in_turn(State& s, const Adjustment* list, int64_t count, bool last);

// Runs `filter`, which takes an interleaved picture or one plane, on all of the picture.
using ImageFilter = void (*)(const View& src, const View& dst, const Args& a, Arena& arena);
void run_filter(State& s, const Args& a, bool last, ImageFilter filter);

// What both of its operations know.
void check_normalize(const Args& a, const View& now);
std::shared_ptr<const Normalizer> normalizer_of(const Args& a, int64_t channels, DType from);

}  // namespace twinlens::operations
