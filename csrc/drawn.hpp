// A plan whose parameters are drawn here, under a sample's key: rows with blanks, and the rules that fill them.
#pragma once
#include <array>
#include <vector>

#include "plan.hpp"

namespace twinlens {

// Python writes these too. u(d) is draw d of the rule's stream; an operation is named by its place in the plan.
enum class RuleKind : int64_t {
  chance = 0,   // active = u(d) < p in `count` operations            ints: d, count       reals: p
  flag = 1,     // ints[column] = u(d) < p                            ints: d, column      reals: p
  below = 2,    // ints[column] += int(u(d) * n)                      ints: d, column, n
  uniform = 3,  // reals[column] = low + u(d) * (high - low)          ints: d, column      reals: low, high
  window = 4,   // a resample's window and box, as RandomResizedCrop draws them in h x w, or with 0 0 in the picture
               //                                                    ints: h, w           reals: scale, ratio (two each)
  jitter = 5,   // as many adjustments as kinds, each once, in any order: u(4..7) sorted, amounts from u(kind).
                //                                                    ints: kinds          reals: low, high of each
  hole = 6,     // an erasure's only hole and its seed, as RandomErasing draws them in h x w
                //                                                    ints: h, w           reals: p, scale, ratio
  resized = 7,  // a resample of the whole picture: its shorter side becomes `side`, and of that the central h x w is
                // computed, halves going to the even number or down; with 0 for side the result is of one size.
                //                                                   ints: side, h, w, down
};

struct Rule {
  RuleKind kind;
  int64_t op;
  uint64_t stream;
  std::vector<int64_t> ints;
  std::vector<double> reals;
};

struct DrawnOp {
  OpCode code;
  std::vector<int64_t> ints;
  std::vector<double> reals;
};

class DrawnPlan {
 public:
  // Throws std::invalid_argument for a rule that fills what is not there.
  DrawnPlan(std::vector<DrawnOp> ops, std::vector<Rule> rules);

  // The operations with their rows for pictures of these sizes, one key each.
  std::vector<DrawnOp> filled(const std::vector<uint64_t>& keys, const std::vector<View>& src) const;

  // What the first operation reads, see reads.hpp.
  std::array<int64_t, 4> reads(uint64_t key, int64_t h, int64_t w) const;

  void run(const std::vector<uint64_t>& keys, const std::vector<View>& src, const std::vector<View>& dst,
           int threads) const;

 private:
  std::vector<DrawnOp> ops_;
  std::vector<Rule> rules_;
};

}  // namespace twinlens
