// Plans of random operations: equal bits on every instruction set, alone and in batches, and nothing but the result
// is written.
#include <string>

#include "dispatch.hpp"
#include "operation.hpp"

namespace twinlens::tests {
namespace {

constexpr uint8_t kGuard = 0xa5;

Layout random_layout(Random& r) {
  return r.pick(
      {Layout::interleaved, Layout::interleaved, Layout::planar, Layout::gaps, Layout::padded, Layout::reversed});
}

struct Case {
  std::vector<Operation> operations;
  Shape before, after;
  Layout in, out;
  Picture source;

  std::vector<Op> ops() const {
    std::vector<Op> list;
    for (const Operation& o : operations) list.push_back(o.op());
    return list;
  }
  std::string text() const {
    std::string s = std::to_string(before.h) + "x" + std::to_string(before.w) + "x" + std::to_string(before.c) +
                    " dtype " + std::to_string(static_cast<int>(before.dtype)) + " layouts " +
                    std::to_string(static_cast<int>(in)) + " " + std::to_string(static_cast<int>(out));
    for (const Operation& o : operations) {
      s += "; op " + std::to_string(static_cast<int64_t>(o.code)) + " (";
      for (const int64_t v : o.ints) s += std::to_string(v) + " ";
      for (const double v : o.reals) s += std::to_string(v) + " ";
      s += ")";
    }
    return s;
  }
};

Case random_case(Random& r, int64_t max_side, int64_t max_operations) {
  const Shape before = random_shape(r, max_side);
  Shape after = before;
  std::vector<Operation> operations;
  // Half of the plans are one operation on the caller's own memory, where AddressSanitizer sees the most.
  for (int64_t n = r.coin() ? 1 : r.between(1, max_operations); n > 0; --n)
    operations.push_back(random_operation(r, after, max_side));
  const Layout in = random_layout(r);
  Case made{operations, before, after, in, random_layout(r), Picture(before, in, kGuard)};
  made.source.fill(r, r.coin());
  return made;
}

}  // namespace

void plan_on_every_isa(Random& random, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    Case c = random_case(random, round % 16 == 0 ? 300 : 60, 4);
    const std::vector<uint8_t> before = c.source.memory();
    std::vector<uint8_t> wanted;
    for (const std::string& isa : supported_isas()) {
      set_isa(isa);
      Picture result(c.after, c.out, kGuard);
      run_plan(c.ops(), {c.source.view}, {result.view}, 1);
      const std::vector<uint8_t> got = result.memory();  // the gaps included: a stray byte shows
      if (wanted.empty()) wanted = got;
      CHECK(got == wanted, "%s differs from baseline: %s", isa.c_str(), c.text().c_str());
      CHECK(c.source.memory() == before, "%s changed its input: %s", isa.c_str(), c.text().c_str());
      Picture other(c.after, Layout::interleaved, 0);
      run_plan(c.ops(), {c.source.view}, {other.view}, 1);
      CHECK(other.pixels() == result.pixels(), "%s: the layout of the result matters: %s", isa.c_str(),
            c.text().c_str());
    }
  }
}

void plan_in_batches(Random& random, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    // One operation list for pictures of different sizes: what fits every size.
    std::vector<Picture> sources, results, alone;
    const Operation resize{OpCode::resample, {1, random.between(0, 10), 20, 30, 2, 3, 9, 11, 0, 0, 0, 0, 0, 1, 0}, {}};
    const int64_t n = random.between(2, 9);
    std::vector<double> boxes;
    for (int64_t i = 0; i < n; ++i) {
      const Shape shape{random.between(1, 90), random.between(1, 90), 3, DType::u8};
      sources.emplace_back(shape, Layout::interleaved, kGuard);
      sources.back().fill(random, false);
      boxes.insert(boxes.end(), {0, 0, static_cast<double>(shape.w), static_cast<double>(shape.h)});
      results.emplace_back(Shape{9, 11, 3, DType::u8}, Layout::planar, kGuard);
      alone.emplace_back(Shape{9, 11, 3, DType::u8}, Layout::planar, kGuard);
    }
    std::vector<View> src, dst;
    for (size_t i = 0; i < sources.size(); ++i) {
      src.push_back(sources[i].view);
      dst.push_back(results[i].view);
    }
    const Op op{OpCode::resample, resize.ints.data(), 0, 15, boxes.data(), 4, 4};
    run_plan({op}, src, dst, static_cast<int>(random.between(1, 5)));
    for (size_t i = 0; i < sources.size(); ++i) {
      run_plan({{OpCode::resample, resize.ints.data(), 0, 15, boxes.data() + 4 * i, 0, 4}}, {src[i]}, {alone[i].view},
               1);
      CHECK(alone[i].memory() == results[i].memory(), "picture %zu of a batch differs from itself alone", i);
    }
  }
}

}  // namespace twinlens::tests
