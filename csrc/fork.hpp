// State that a forked child must not share: a lock held, or a thread gone, at the moment of the fork.
#pragma once
#include <pthread.h>

#include <atomic>

namespace twinlens {

// One T for this process. A child gets a fresh one; the parent's is left alone in it, never destroyed.
template <typename T>
class PerProcess {
 public:
  static T& get() {
    T* now = instance().load(std::memory_order_acquire);
    if (now != nullptr) return *now;
    T* made = new T();
    if (instance().compare_exchange_strong(now, made, std::memory_order_acq_rel)) return *made;
    delete made;
    return *now;
  }

 private:
  static std::atomic<T*>& instance() {
    static std::atomic<T*> p{nullptr};
    static const int registered = pthread_atfork(nullptr, nullptr, [] { instance().store(nullptr); });
    (void)registered;
    return p;
  }
};

}  // namespace twinlens
