// Assertions and a random generator for the native tests.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#define CHECK(condition, ...)                                                     \
  do {                                                                            \
    if (!(condition)) {                                                           \
      std::fprintf(stderr, "%s:%d: %s failed: ", __FILE__, __LINE__, #condition); \
      std::fprintf(stderr, __VA_ARGS__);                                          \
      std::fputc('\n', stderr);                                                   \
      std::exit(1);                                                               \
    }                                                                             \
  } while (0)

namespace twinlens::tests {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t bits() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  int64_t between(int64_t low, int64_t high) {  // both included
    return low + static_cast<int64_t>(bits() % static_cast<uint64_t>(high - low + 1));
  }
  bool coin() { return (bits() & 1) != 0; }
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  template <typename T>
  T pick(std::initializer_list<T> of) {
    return of.begin()[between(0, static_cast<int64_t>(of.size()) - 1)];
  }

 private:
  uint64_t state_;
};

void plan_on_every_isa(Random& random, int rounds);
void plan_in_batches(Random& random, int rounds);
void plan_refuses_hostile_parameters(Random& random, int rounds);
void sampling_stays_in_bounds(Random& random, int rounds);
void results_are_held_by_one(Random& random, int rounds);
void drawn_plans_stay_in_bounds(Random& random, int rounds);
void kernels_of_plugins(Random& random, int rounds);
void jpeg_headers_of_any_bytes(Random& random, int rounds);
void jpeg_parts_stay_in_bounds(Random& random, int rounds);

}  // namespace twinlens::tests
