// twinlens_tests [seed [factor]]: the native tests, `factor` times as many rounds.
#include <chrono>

#include "check.hpp"
#include "dispatch.hpp"

int main(int argc, char** argv) {
  using namespace twinlens::tests;
  const auto seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0ULL;
  const int factor = argc > 2 ? std::atoi(argv[2]) : 1;
  struct Test {
    const char* name;
    void (*run)(Random&, int);
    int rounds;
  };
  constexpr Test kTests[] = {{"plan_on_every_isa", plan_on_every_isa, 5000},
                             {"plan_in_batches", plan_in_batches, 100},
                             {"plan_refuses_hostile_parameters", plan_refuses_hostile_parameters, 5000},
                             {"sampling_stays_in_bounds", sampling_stays_in_bounds, 2000},
                             {"results_are_held_by_one", results_are_held_by_one, 2000},
                             {"drawn_plans_stay_in_bounds", drawn_plans_stay_in_bounds, 3000},
                             {"kernels_of_plugins", kernels_of_plugins, 2000},
                             {"jpeg_headers_of_any_bytes", jpeg_headers_of_any_bytes, 100000},
                             {"jpeg_parts_stay_in_bounds", jpeg_parts_stay_in_bounds, 1000}};
  for (const std::string& isa : twinlens::supported_isas()) std::printf("%s ", isa.c_str());
  std::printf("seed %llu\n", seed);
  for (const Test& test : kTests) {
    const auto start = std::chrono::steady_clock::now();
    Random random(seed);
    test.run(random, test.rounds * factor);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::printf("%s: %d rounds passed in %.1f s\n", test.name, test.rounds * factor, took.count());
  }
}
