// Random operations that fit a picture, and what they make of its shape.
#pragma once
#include <vector>

#include "picture.hpp"
#include "plan.hpp"

namespace twinlens::tests {

struct Operation {
  OpCode code;
  std::vector<int64_t> ints;
  std::vector<double> reals;

  Op op() const {
    return {
        code, ints.data(), 0, static_cast<int64_t>(ints.size()), reals.data(), 0, static_cast<int64_t>(reals.size())};
  }
};

// `shape` becomes that of the result. Of all operations those are chosen that take the shape.
Operation random_operation(Random& random, Shape& shape, int64_t max_side);

// A plugin's kernel that keeps some of the rows and columns.
Operation thinning(Random& random, Shape& shape);

Shape random_shape(Random& random, int64_t max_side);

}  // namespace twinlens::tests
