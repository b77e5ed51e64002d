// One operation of a plan: what it may be asked for, and what it does to one picture. Each lives in a file of its own
// under operations/, and has a line in operations/table.cpp.
#pragma once
#include <stdexcept>
#include <string>

#include "arena.hpp"
#include "plan.hpp"

namespace twinlens {

// One operation's parameters for one picture.
struct Args {
  const Op& op;
  const int64_t* ints;
  const double* reals;
  int64_t operator[](int64_t i) const { return ints[i]; }
  bool active() const { return ints[0] != 0; }
};

// The picture as it stands, and where results go: the caller's memory for the last one, scratch for the others.
struct State {
  View now;
  const View& out;
  Arena& arena;

  // Memory for the result of an operation: `last` says whether it is the plan's.
  View make(int64_t h, int64_t w, int64_t c, DType t, bool last) const;
  View make_like(const View& v, bool last) const { return make(v.h, v.w, v.c, v.dtype, last); }
  // Makes `now` interleaved or planar, with rows in order, if a crop, a flip or a broadcast left it otherwise.
  void make_plain();
};

struct Operation {
  int64_t ints, reals;  // the fewest that a row holds, `active` included
  // Throws std::invalid_argument where the parameters do not fit the picture `now`, whatever they hold.
  void (*check)(const Args& a, const View& now);
  // Runs after `check`; leaves the result in s.now.
  void (*apply)(State& s, const Args& a, bool last);
  bool makes_view = false;  // of the same pixels: writes nothing
  bool by_rows = false;     // a row of the result follows from the same row of the picture
  bool in_place = false;    // changes a part of the picture, in the output where that is what it is given
};

// nullptr for a code that there is not.
const Operation* operation_of(OpCode code);

[[noreturn]] inline void refuse(const std::string& what) { throw std::invalid_argument("native plan: " + what); }

inline void require(bool ok, const char* what) {
  if (!ok) refuse(what);
}

inline bool in_range(int64_t v, int64_t low, int64_t high) { return v >= low && v <= high; }

// Written so that no sum of hostile numbers overflows.
inline bool inside(int64_t at, int64_t length, int64_t size) {
  return at >= 0 && length > 0 && at <= size && length <= size - at;
}

inline bool is_plain_number(DType t) { return t == DType::u8 || t == DType::u16 || t == DType::f32; }

constexpr int64_t kMaxResult = int64_t{1} << 24;  // of a side that an operation makes
constexpr double kMaxScratch = 64.0 * (1 << 30);  // bytes of a picture between two operations

}  // namespace twinlens
