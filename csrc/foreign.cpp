#include "foreign.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <string>

#include "copy.hpp"

namespace twinlens {
namespace {

constexpr int64_t kFirst = 1000;  // behind the codes of OpCode
constexpr size_t kMost = 1024;

struct Slot {
  const twinlens_kernel* kernel;
  Operation operation;
};

// Slots are written once, before `taken` says that they are there.
std::array<Slot, kMost> slots;
std::atomic<size_t> taken{0};
std::mutex adding;

const twinlens_kernel& kernel_of(const Args& a) {
  return *slots[static_cast<size_t>(static_cast<int64_t>(a.op.code) - kFirst)].kernel;
}

twinlens_image image_of(const View& v) {
  return {v.data, v.h, v.w, v.c, v.sy, v.sx, v.sc, static_cast<int32_t>(v.dtype)};
}

[[noreturn]] void refused(const char* reason) { refuse("a plugin's kernel: " + std::string(reason)); }

// What a kernel says about the result; the picture's pixels are not there yet.
twinlens_call asked(const Args& a, const View& now) {
  View form = now;
  form.data = nullptr;
  twinlens_call call{image_of(form), image_of(form),  a.ints + 1, a.op.int_count - 1,
                     a.reals,        a.op.real_count, nullptr,    0};
  if (const char* reason = kernel_of(a).result(&call); reason != nullptr) refused(reason);
  const auto side = [](int64_t n) { return in_range(n, 1, kMaxResult); };
  if (!side(call.dst.height) || !side(call.dst.width) || !side(call.dst.channels))
    refused("its result has no such size");
  if (!in_range(call.dst.dtype, 0, static_cast<int64_t>(DType::bf16))) refused("its result has no such dtype");
  if (call.scratch_bytes < 0 || static_cast<double>(call.scratch_bytes) > kMaxScratch)
    refused("it asks for too much scratch memory");
  return call;
}

void check(const Args& a, const View& now) { (void)asked(a, now); }

void apply(State& s, const Args& a, bool last) {
  const twinlens_kernel& kernel = kernel_of(a);
  const bool rows = (kernel.flags & TWINLENS_INTERLEAVED) != 0;
  twinlens_call call = asked(a, s.now);
  const auto type = static_cast<DType>(call.dst.dtype);
  if (rows && !interleaved(s.now)) {
    const View dense_copy = s.arena.image(s.now.h, s.now.w, s.now.c, s.now.dtype, false);
    copy(s.now, dense_copy);
    s.now = dense_copy;
  }
  const View dst = s.make(call.dst.height, call.dst.width, call.dst.channels, type, last);
  const bool direct = !rows || interleaved(dst);
  const View to = direct ? dst : s.arena.image(dst.h, dst.w, dst.c, type, false);
  call.src = image_of(s.now);
  call.dst = image_of(to);
  if (call.scratch_bytes > 0) call.scratch = s.arena.take(static_cast<size_t>(call.scratch_bytes));
  if (const char* reason = kernel.run(&call); reason != nullptr) refused(reason);
  if (!direct) copy(to, dst);
  s.now = dst;
}

}  // namespace

int64_t add_kernel(const twinlens_kernel* kernel) {
  require(kernel->abi == TWINLENS_KERNEL_ABI, "a plugin's kernel is built for another version of twinlens/kernel.h");
  require(kernel->result != nullptr && kernel->run != nullptr, "a plugin's kernel has no functions");
  require(kernel->ints >= 0 && kernel->reals >= 0, "a plugin's kernel wants a negative number of parameters");
  const std::lock_guard<std::mutex> lock(adding);
  const size_t n = taken.load(std::memory_order_relaxed);
  for (size_t i = 0; i < n; ++i)
    if (slots[i].kernel == kernel) return kFirst + static_cast<int64_t>(i);
  require(n < kMost, "too many kernels of plugins");
  slots[n] = {kernel, {1 + kernel->ints, kernel->reals, check, apply}};
  taken.store(n + 1, std::memory_order_release);
  return kFirst + static_cast<int64_t>(n);
}

const Operation* foreign_operation(int64_t code) {
  const int64_t i = code - kFirst;
  const auto n = static_cast<int64_t>(taken.load(std::memory_order_acquire));
  return i >= 0 && i < n ? &slots[static_cast<size_t>(i)].operation : nullptr;
}

}  // namespace twinlens
