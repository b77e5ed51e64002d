#include "pool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "fork.hpp"

namespace twinlens {
namespace {

// Batches often follow one another: a thread looks for the next one that long before it sleeps. To wake a processor
// takes as long.
constexpr std::chrono::microseconds kPatience{100};

template <typename Done>
void look_for(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

// Threads are started when first needed and wait for work until the process ends.
class Pool {
 public:
  void submit(int wanted, const std::function<void()>& task) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      tasks_.push_back(task);
      waiting_.store(++pending_, std::memory_order_relaxed);
      while (pending_ > idle_ && static_cast<int>(threads_.size()) < wanted) {
        threads_.emplace_back([this] { work(); });
        threads_.back().detach();
        ++idle_;
      }
    }
    wake_.notify_one();
  }

 private:
  void work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return !tasks_.empty(); });
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      waiting_.store(--pending_, std::memory_order_relaxed);
      --idle_;
      lock.unlock();
      task();
      look_for([this] { return waiting_.load(std::memory_order_relaxed) > 0; });
      lock.lock();
      ++idle_;
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  int idle_ = 0, pending_ = 0;
  std::atomic<int> waiting_{0};  // pending_, for who does not hold the mutex
};

// One parallel_for in flight; the last thread out wakes the caller.
struct Run {
  const std::function<void(int64_t, int)>& job;
  const int64_t n;
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::condition_variable done;
  std::exception_ptr error;
  int active;

  void drain(int worker) {
    try {
      for (int64_t i = next.fetch_add(1); i < n; i = next.fetch_add(1)) job(i, worker);
    } catch (...) {
      next.store(n);
      const std::lock_guard<std::mutex> lock(mutex);
      if (!error) error = std::current_exception();
    }
    const std::lock_guard<std::mutex> lock(mutex);
    if (--active == 0) done.notify_all();
  }
};

}  // namespace

void parallel_for(int64_t n, int threads, const std::function<void(int64_t, int)>& job) {
  const int workers = static_cast<int>(n < threads ? n : threads);
  if (workers <= 1) {
    for (int64_t i = 0; i < n; ++i) job(i, 0);
    return;
  }
  Run run{job, n, {}, {}, {}, nullptr, workers};
  for (int w = 1; w < workers; ++w) PerProcess<Pool>::get().submit(workers - 1, [&run, w] { run.drain(w); });
  run.drain(0);
  std::unique_lock<std::mutex> lock(run.mutex);
  run.done.wait(lock, [&run] { return run.active == 0; });
  lock.unlock();
  if (run.error) std::rethrow_exception(run.error);
}

}  // namespace twinlens
