#include "drawn.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "adjust.hpp"
#include "operation.hpp"
#include "philox.hpp"
#include "reads.hpp"
#include "sampling.hpp"

namespace twinlens {
namespace {

constexpr int64_t kOut = 2, kRegion = 4, kWindow = 8,
                  kBoxEnd = 2;           // where a resample has them, see operations/resample.cpp
constexpr int64_t kSeed = 2, kHole = 4;  // where an erasure has its own, see operations/erase.cpp
constexpr int64_t kMaxSide = int64_t{1} << 30;
constexpr double kMostShare = 1e6;   // of an area, and of a side to the other
constexpr double kMostAmount = 1e9;  // what an adjustment is drawn from
constexpr uint32_t kAttempts = 10;   // at a hole
constexpr int64_t kKinds = static_cast<int64_t>(AdjustKind::hue) + 1;

size_t at(int64_t i) { return static_cast<size_t>(i); }

bool has(const Rule& r, size_t ints, size_t reals) { return r.ints.size() == ints && r.reals.size() == reals; }

bool is_window(const Rule& r) {
  if (!has(r, 2, 4) || !in_range(r.ints[0], 0, kMaxSide) || !in_range(r.ints[1], 0, kMaxSide)) return false;
  const auto fits = [&r](size_t i) { return r.reals[i] >= 1 / kMostShare && r.reals[i] <= kMostShare; };
  return fits(0) && fits(1) && fits(2) && fits(3);
}

bool is_hole(const Rule& r) {
  if (!has(r, 2, 5) || !in_range(r.ints[0], 1, kMaxSide) || !in_range(r.ints[1], 1, kMaxSide)) return false;
  const auto share = [&r](size_t i) { return r.reals[i] >= 0 && r.reals[i] <= 1; };
  const auto ratio = [&r](size_t i) { return r.reals[i] >= 1 / kMostShare && r.reals[i] <= kMostShare; };
  return share(1) && share(2) && ratio(3) && ratio(4);
}

bool is_resized(const Rule& r) {
  if (!has(r, 4, 0) || !in_range(r.ints[0], 0, kMaxSide)) return false;
  return r.ints[0] == 0 || (in_range(r.ints[1], 1, r.ints[0]) && in_range(r.ints[2], 1, r.ints[0]));
}

bool is_jitter(const Rule& r, const std::vector<DrawnOp>& ops) {
  const size_t n = r.ints.size();
  if (n < 1 || n > at(kKinds) || r.reals.size() != 2 * n || at(r.op) + n > ops.size()) return false;
  for (size_t i = 0; i < n; ++i) {
    if (!in_range(r.ints[i], 0, kKinds - 1) || (i > 0 && r.ints[i] <= r.ints[i - 1])) return false;
    if (ops[at(r.op) + i].code != OpCode::adjust) return false;
  }
  return std::all_of(r.reals.begin(), r.reals.end(), [](double v) { return std::fabs(v) <= kMostAmount; });
}

bool is_filling(const Rule& r, const std::vector<DrawnOp>& ops) {
  if (!in_range(r.op, 0, static_cast<int64_t>(ops.size()) - 1)) return false;
  const DrawnOp& op = ops[at(r.op)];
  const auto ints = static_cast<int64_t>(op.ints.size()), reals = static_cast<int64_t>(op.reals.size());
  switch (r.kind) {
    case RuleKind::chance:
      return has(r, 2, 1) && inside(r.op, r.ints[1], static_cast<int64_t>(ops.size()));
    case RuleKind::flag:
      return has(r, 2, 1) && in_range(r.ints[1], 1, ints - 1);
    case RuleKind::below:
      return has(r, 3, 0) && in_range(r.ints[1], 1, ints - 1) && in_range(r.ints[2], 1, kMaxSide) &&
             in_range(op.ints[at(r.ints[1])], 0, kMaxSide);
    case RuleKind::uniform:
      return has(r, 2, 2) && in_range(r.ints[1], 0, reals - 1);
    case RuleKind::window:
      return is_window(r) && op.code == OpCode::resample && ints > kWindow + 3 && reals > kBoxEnd + 1;
    case RuleKind::jitter:
      return is_jitter(r, ops);
    case RuleKind::hole:
      return is_hole(r) && op.code == OpCode::erase && ints >= kHole + 4;
    case RuleKind::resized:
      return is_resized(r) && op.code == OpCode::resample && ints > kWindow + 3 && reals > kBoxEnd + 1;
  }
  return false;
}

// One picture's rows: place(op) and amounts(op) are its own.
class Rows {
 public:
  Rows(std::vector<DrawnOp>& ops, const std::vector<DrawnOp>& blank, size_t picture)
      : ops_(ops), blank_(blank), picture_(picture) {}
  int64_t* ints(int64_t op) { return ops_[at(op)].ints.data() + picture_ * blank_[at(op)].ints.size(); }
  double* reals(int64_t op) { return ops_[at(op)].reals.data() + picture_ * blank_[at(op)].reals.size(); }

 private:
  std::vector<DrawnOp>& ops_;
  const std::vector<DrawnOp>& blank_;
  size_t picture_;
};

class Drawer {
 public:
  Drawer(uint64_t key, uint64_t stream) : key_(key), stream_(stream) {}
  double operator()(int64_t draw) const { return uniform53(draw_block(key_, stream_, static_cast<uint32_t>(draw))); }

 private:
  uint64_t key_, stream_;
};

double between(double u, double low, double high) { return low + u * (high - low); }

void fill_window(const Rule& r, uint64_t key, const View& src, Rows& rows) {
  int64_t* yxhw = rows.ints(r.op) + kWindow;
  const bool whole = r.ints[0] == 0 || r.ints[1] == 0;
  resized_crop(key, r.stream, whole ? src.h : r.ints[0], whole ? src.w : r.ints[1], r.reals.data(), r.reals.data() + 2,
               yxhw);
  rows.reals(r.op)[kBoxEnd] = static_cast<double>(yxhw[3]);
  rows.reals(r.op)[kBoxEnd + 1] = static_cast<double>(yxhw[2]);
}

int64_t central(int64_t over, bool down) {
  return down ? over / 2 : static_cast<int64_t>(std::nearbyint(static_cast<double>(over) / 2));
}

void fill_resized(const Rule& r, const View& src, Rows& rows) {
  rows.reals(r.op)[kBoxEnd] = static_cast<double>(src.w);
  rows.reals(r.op)[kBoxEnd + 1] = static_cast<double>(src.h);
  const int64_t side = r.ints[0];
  if (side == 0) return;
  const int64_t shorter = std::min(src.h, src.w), longer = std::max(src.h, src.w);
  const auto other = static_cast<int64_t>(static_cast<double>(side * longer) / static_cast<double>(shorter));
  const int64_t h = src.w >= src.h ? side : other, w = src.w >= src.h ? other : side;
  const bool down = r.ints[3] != 0;
  const int64_t region[] = {central(h - r.ints[1], down), central(w - r.ints[2], down), r.ints[1], r.ints[2]};
  int64_t* row = rows.ints(r.op);
  row[kOut] = h;
  row[kOut + 1] = w;
  std::copy_n(region, 4, row + kRegion);
}

void fill_jitter(const Rule& r, const Drawer& u, Rows& rows) {
  double amount[kKinds];
  bool drawn[kKinds] = {};
  for (size_t i = 0; i < r.ints.size(); ++i) {
    const int64_t kind = r.ints[i];
    amount[kind] = between(u(kind), r.reals[2 * i], r.reals[2 * i + 1]);
    drawn[kind] = true;
  }
  std::pair<double, int64_t> order[kKinds];  // equal numbers keep the kinds' order
  for (int64_t kind = 0; kind < kKinds; ++kind) order[kind] = {u(kKinds + kind), kind};
  std::sort(order, order + kKinds);
  int64_t op = r.op;
  for (const auto& [number, kind] : order) {
    if (!drawn[kind]) continue;
    rows.ints(op)[1] = kind;
    // torchvision's int(factor * 255), modulo 256
    const bool turns = kind == static_cast<int64_t>(AdjustKind::hue);
    rows.reals(op)[0] = turns ? static_cast<double>(static_cast<int64_t>(amount[kind] * 255) & 255) : amount[kind];
    ++op;
  }
}

void fill_hole(const Rule& r, uint64_t key, const Drawer& u, Rows& rows) {
  const int64_t height = r.ints[0], width = r.ints[1];
  const double first = portable_log(r.reals[3]), last = portable_log(r.reals[4]);
  int64_t h = 1, w = 1;
  bool fits = false;
  for (uint32_t i = 0; i < kAttempts && !fits; ++i) {
    const double area = static_cast<double>(height * width) * between(u(1 + 2 * i), r.reals[1], r.reals[2]);
    const double aspect = portable_exp(between(u(2 + 2 * i), first, last));
    h = static_cast<int64_t>(std::nearbyint(std::sqrt(area * aspect)));
    w = static_cast<int64_t>(std::nearbyint(std::sqrt(area / aspect)));
    fits = h < height && w < width;
  }
  const bool found = fits && h > 0 && w > 0;
  if (!found) h = w = 1;
  constexpr uint32_t kNext = 1 + 2 * kAttempts;
  int64_t* row = rows.ints(r.op);
  row[0] = found && u(0) < r.reals[0] ? 1 : 0;
  const Block bits = draw_block(key, r.stream, kNext + 2);
  row[kSeed] = static_cast<int64_t>(join(bits.v[0], bits.v[1]));
  const auto below = [&u](uint32_t draw, int64_t n) { return static_cast<int64_t>(u(draw) * static_cast<double>(n)); };
  const int64_t hole[] = {below(kNext, height - h + 1), below(kNext + 1, width - w + 1), h, w};
  std::copy_n(hole, 4, row + kHole);
}

void fill(const Rule& r, uint64_t key, const View& src, Rows& rows) {
  const Drawer u(key, r.stream);
  switch (r.kind) {
    case RuleKind::chance:
      for (int64_t i = 0; i < r.ints[1]; ++i) rows.ints(r.op + i)[0] = u(r.ints[0]) < r.reals[0] ? 1 : 0;
      return;
    case RuleKind::flag:
      rows.ints(r.op)[r.ints[1]] = u(r.ints[0]) < r.reals[0] ? 1 : 0;
      return;
    case RuleKind::below:
      rows.ints(r.op)[r.ints[1]] += static_cast<int64_t>(u(r.ints[0]) * static_cast<double>(r.ints[2]));
      return;
    case RuleKind::uniform:
      rows.reals(r.op)[r.ints[1]] = between(u(r.ints[0]), r.reals[0], r.reals[1]);
      return;
    case RuleKind::window:
      return fill_window(r, key, src, rows);
    case RuleKind::jitter:
      return fill_jitter(r, u, rows);
    case RuleKind::hole:
      return fill_hole(r, key, u, rows);
    case RuleKind::resized:
      return fill_resized(r, src, rows);
  }
}

template <typename T>
std::vector<T> repeated(const std::vector<T>& row, size_t n) {
  std::vector<T> rows;
  rows.reserve(row.size() * n);
  for (size_t i = 0; i < n; ++i) rows.insert(rows.end(), row.begin(), row.end());
  return rows;
}

}  // namespace

DrawnPlan::DrawnPlan(std::vector<DrawnOp> ops, std::vector<Rule> rules)
    : ops_(std::move(ops)), rules_(std::move(rules)) {
  for (const DrawnOp& op : ops_) {
    const Operation* known = operation_of(op.code);
    require(known != nullptr, "unknown operation");
    require(op.ints.size() >= at(known->ints) && op.reals.size() >= at(known->reals), "a row is cut short");
  }
  for (const Rule& r : rules_) require(is_filling(r, ops_), "a rule fills what is not there");
}

std::vector<DrawnOp> DrawnPlan::filled(const std::vector<uint64_t>& keys, const std::vector<View>& src) const {
  require(keys.size() == src.size(), "as many keys as pictures");
  for (const View& v : src)
    require(in_range(v.h, 1, kMaxSide) && in_range(v.w, 1, kMaxSide), "an empty picture, or one too large");
  std::vector<DrawnOp> ops;
  ops.reserve(ops_.size());
  for (const DrawnOp& op : ops_)
    ops.push_back({op.code, repeated(op.ints, keys.size()), repeated(op.reals, keys.size())});
  for (size_t i = 0; i < keys.size(); ++i) {
    Rows rows(ops, ops_, i);
    for (const Rule& r : rules_) fill(r, keys[i], src[i], rows);
  }
  return ops;
}

std::array<int64_t, 4> DrawnPlan::reads(uint64_t key, int64_t h, int64_t w) const {
  if (ops_.empty()) return {};
  const DrawnOp first = filled({key}, {View{nullptr, h, w, 1, 0, 0, 0, DType::u8}}).front();
  return window_read(first.code, first.ints, first.reals, h, w);
}

void DrawnPlan::run(const std::vector<uint64_t>& keys, const std::vector<View>& src, const std::vector<View>& dst,
                    int threads) const {
  const std::vector<DrawnOp> rows = filled(keys, src);
  std::vector<Op> plan;
  plan.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto ints = static_cast<int64_t>(ops_[i].ints.size()), reals = static_cast<int64_t>(ops_[i].reals.size());
    plan.push_back({rows[i].code, rows[i].ints.data(), ints, ints, rows[i].reals.data(), reals, reals});
  }
  run_plan(plan, src, dst, threads);
}

}  // namespace twinlens
