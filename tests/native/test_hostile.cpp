// Parameters that no caller should send: std::invalid_argument or a result, never a step outside the memory.
#include <cmath>
#include <limits>
#include <stdexcept>

#include "../../csrc/operation.hpp"
#include "operation.hpp"
#include "sampling.hpp"

namespace twinlens::tests {
namespace {

constexpr int64_t kLastCode = static_cast<int64_t>(OpCode::adaptive_threshold);

int64_t hostile_int(Random& r) {
  constexpr int64_t max = std::numeric_limits<int64_t>::max(), min = std::numeric_limits<int64_t>::min();
  return r.coin() ? r.between(-3, 40)
                  : r.pick<int64_t>({max, min, max - 1, min + 1, -1, 0, 1, int64_t{1} << 31, (int64_t{1} << 31) - 1,
                                     int64_t{1} << 32, 1000, 255, 256, 65535});
}

double hostile_real(Random& r) {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  return r.coin() ? r.unit() * 40
                  : r.pick({nan, inf, -inf, 0.0, -0.0, -1.0, 1e300, -1e300, 1e-320, 255.0, 256.0, 1e20});
}

// Sound parameters of which a few are replaced, so that the checks behind the first are reached too.
Operation hostile(Random& r, Shape& shape) {
  Operation o = random_operation(r, shape, 40);
  if (r.between(0, 3) == 0) {
    const auto code = static_cast<OpCode>(r.between(0, kLastCode + 1));
    const twinlens::Operation* known = operation_of(code);
    const int64_t ints = known ? known->ints : 1, reals = known ? known->reals : 0;
    o = {code, std::vector<int64_t>(static_cast<size_t>(ints + r.between(0, 12))),
         std::vector<double>(static_cast<size_t>(reals + r.between(0, 4)))};
    for (int64_t& v : o.ints) v = hostile_int(r);
    for (double& v : o.reals) v = hostile_real(r);
    o.ints[0] = 1;
  }
  for (int64_t n = r.between(0, 2); n > 0; --n) {
    if (!o.reals.empty() && r.coin()) {
      o.reals[static_cast<size_t>(r.between(0, static_cast<int64_t>(o.reals.size()) - 1))] = hostile_real(r);
    } else {
      o.ints[static_cast<size_t>(r.between(0, static_cast<int64_t>(o.ints.size()) - 1))] = hostile_int(r);
    }
  }
  return o;
}

}  // namespace

void plan_refuses_hostile_parameters(Random& random, int rounds) {
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    Shape shape = random_shape(random, 40), after = shape;
    Picture source(shape, random.pick({Layout::interleaved, Layout::planar, Layout::reversed}), 0);
    source.fill(random, false);
    std::vector<Operation> operations;
    for (int64_t n = random.between(1, 3); n > 0; --n) operations.push_back(hostile(random, after));
    std::vector<Op> ops;
    for (const Operation& o : operations) ops.push_back(o.op());
    Picture result(after, Layout::interleaved, 0);
    try {
      run_plan(ops, {source.view}, {result.view}, 1);
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  }
  CHECK(refused > rounds / 4, "only %d of %d plans were refused", refused, rounds);
}

void sampling_stays_in_bounds(Random& random, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const double x = hostile_real(random);
    const double e = portable_exp(x);
    CHECK(std::isnan(x) || std::isinf(x) || std::fabs(x) > 700 || std::fabs(e / std::exp(x) - 1) < 1e-14, "exp(%g)", x);
    const double positive = 1e-3 + std::fabs(random.unit()) * 1e3;
    CHECK(std::fabs(portable_log(positive) - std::log(positive)) < 1e-14 * (1 + std::fabs(std::log(positive))),
          "log(%g)", positive);
    const int64_t h = random.between(1, 3000), w = random.between(1, 3000);
    const double scale[2] = {random.unit(), 1 + random.unit()},
                 ratio[2] = {0.01 + random.unit(), 1 + 9 * random.unit()};
    int64_t at[4];
    resized_crop(random.bits(), random.bits(), h, w, scale, ratio, at);
    CHECK(at[0] >= 0 && at[1] >= 0 && at[2] >= 1 && at[3] >= 1 && at[0] + at[2] <= h && at[1] + at[3] <= w,
          "the crop leaves the %lldx%lld picture", static_cast<long long>(h), static_cast<long long>(w));
  }
}

}  // namespace twinlens::tests
