// Plans with blanks: what is drawn depends on the key alone, and no rule, however wrong, leaves the memory.
#include <stdexcept>

#include "drawn.hpp"
#include "operation.hpp"

namespace twinlens::tests {
namespace {

int64_t column(Random& r) {
  return r.coin() ? r.between(-1, 20) : r.pick<int64_t>({-1, 0, 1, int64_t{1} << 40, INT64_MAX, INT64_MIN});
}

double real(Random& r) { return r.coin() ? r.unit() * 2 : r.pick({0.0, -1.0, 1e-9, 1e300, -1e300, 1e9}); }

// One of two fits: an operation by chance.
Rule random_rule(Random& r, int64_t ops) {
  if (r.coin()) return {RuleKind::chance, r.between(0, ops - 1), r.bits(), {r.between(0, 5), 1}, {r.unit()}};
  Rule rule{static_cast<RuleKind>(r.between(-1, 8)), r.between(-1, ops), r.bits(), {}, {}};
  constexpr size_t kInts[] = {2, 2, 3, 2, 2, 1, 2, 4}, kReals[] = {1, 1, 0, 2, 4, 2, 5, 0};
  const auto kind = static_cast<int64_t>(rule.kind);
  const size_t known = kind >= 0 && kind < 8 ? static_cast<size_t>(kind) : 0;
  const size_t more = r.between(0, 9) == 0 ? 1 : 0;
  for (size_t i = 0; i < kInts[known] + more; ++i) rule.ints.push_back(r.coin() ? r.between(0, 3) : column(r));
  for (size_t i = 0; i < kReals[known] + more; ++i) rule.reals.push_back(r.coin() ? r.unit() : real(r));
  return rule;
}

}  // namespace

void drawn_plans_stay_in_bounds(Random& random, int rounds) {
  int refused = 0, ran = 0;
  for (int round = 0; round < rounds; ++round) {
    Shape shape = random_shape(random, 40), after = shape;
    Picture source(shape, Layout::interleaved, 0);
    source.fill(random, false);
    std::vector<DrawnOp> ops;
    for (int64_t n = random.between(1, 3); n > 0; --n) {
      const Operation o = random_operation(random, after, 40);
      ops.push_back({o.code, o.ints, o.reals});
    }
    std::vector<Rule> rules;
    for (int64_t n = random.between(1, 2); n > 0; --n)
      rules.push_back(random_rule(random, static_cast<int64_t>(ops.size())));
    const uint64_t key = random.bits();
    Picture one(after, Layout::interleaved, 0), other(after, Layout::planar, 0), spare(after, Layout::interleaved, 0);
    try {
      const DrawnPlan plan(ops, rules);
      plan.run({key}, {source.view}, {one.view}, 1);
      plan.run({key ^ 1, key}, {source.view, source.view}, {spare.view, other.view}, 1);
    } catch (const std::invalid_argument&) {
      ++refused;
      continue;
    }
    ++ran;
    CHECK(one.pixels() == other.pixels(), "the same key gives other pixels in round %d", round);
  }
  CHECK(refused > rounds / 10 && ran > rounds / 10, "%d refused, %d ran of %d", refused, ran, rounds);
}

}  // namespace twinlens::tests
