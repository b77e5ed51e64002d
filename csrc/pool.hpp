// The threads that every batch shares.
#pragma once
#include <cstdint>
#include <functional>

namespace twinlens {

// Calls job(index, worker) for every index below n, worker < threads, on up to `threads` threads, the caller's
// included. The first exception is rethrown when all threads have stopped.
void parallel_for(int64_t n, int threads, const std::function<void(int64_t index, int worker)>& job);

}  // namespace twinlens
