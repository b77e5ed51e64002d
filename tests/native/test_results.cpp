#include <cstring>
#include <thread>
#include <vector>

#include "check.hpp"
#include "results.hpp"

namespace twinlens::tests {
namespace {

// Holds a few blocks at a time, each marked at both ends, and drops them in any order.
void hold_and_drop(ResultMemory& memory, Random random, int rounds, char mark) {
  std::vector<ResultMemory::Block> held;
  const auto drop = [&](size_t i) {
    const char* data = static_cast<const char*>(held[i].data);
    CHECK(data[0] == mark && data[held[i].size - 1] == mark, "a block that is held was given to another thread");
    memory.give(held[i]);
    held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
  };
  for (int round = 0; round < rounds; ++round) {
    const auto bytes = static_cast<size_t>(random.between(1, 3'000'000));
    held.push_back(memory.take(bytes));
    const ResultMemory::Block block = held.back();
    CHECK(block.size >= bytes, "%zu bytes of %zu", block.size, bytes);
    CHECK(reinterpret_cast<uintptr_t>(block.data) % 64 == 0, "a block is not aligned");
    static_cast<char*>(block.data)[0] = static_cast<char*>(block.data)[block.size - 1] = mark;
    if (held.size() > 6) drop(static_cast<size_t>(random.between(0, 6)));
  }
  while (!held.empty()) drop(held.size() - 1);
}

}  // namespace

void results_are_held_by_one(Random& random, int rounds) {
  ResultMemory memory;
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k) {
    const Random own(random.bits());
    threads.emplace_back([&memory, own, rounds, k] { hold_and_drop(memory, own, rounds, static_cast<char>(k)); });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace twinlens::tests
