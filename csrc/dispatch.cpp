#include "dispatch.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

namespace twinlens {
namespace {

constexpr Isa kAll[] = {Isa::baseline, Isa::avx2, Isa::avx512};

bool cpu_has(Isa isa) {
#if defined(__x86_64__) && defined(TWL_X86_KERNELS)
  if (isa == Isa::avx2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  if (isa == Isa::avx512)
    return cpu_has(Isa::avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
#endif
  return isa == Isa::baseline;
}

}  // namespace

const Kernels& kernels(Isa isa) { return TWL_KERNELS_OF(isa, table); }

namespace {

Isa parse(const std::string& name) {
  for (Isa isa : kAll)
    if (name == isa_name(isa) && cpu_has(isa)) return isa;
  std::string have;
  for (const auto& s : supported_isas()) have += (have.empty() ? "" : ", ") + s;
  throw std::invalid_argument("isa: got '" + name + "'; this build on this CPU has " + have);
}

Isa initial() {
  if (const char* env = std::getenv("TWINLENS_ISA"); env != nullptr && *env != '\0') return parse(env);
  Isa best = Isa::baseline;
  for (Isa isa : kAll)
    if (cpu_has(isa)) best = isa;
  return best;
}

std::atomic<Isa>& active() {
  static std::atomic<Isa> isa{initial()};
  return isa;
}

}  // namespace

const char* isa_name(Isa isa) {
  constexpr const char* kNames[] = {"baseline", "avx2", "avx512"};
  return kNames[static_cast<int>(isa)];
}

std::vector<std::string> supported_isas() {
  std::vector<std::string> names;
  for (Isa isa : kAll)
    if (cpu_has(isa)) names.emplace_back(isa_name(isa));
  return names;
}

Isa active_isa() { return active().load(std::memory_order_relaxed); }
const Kernels& kernels() { return kernels(active_isa()); }
void set_isa(const std::string& name) { active().store(parse(name), std::memory_order_relaxed); }

}  // namespace twinlens
