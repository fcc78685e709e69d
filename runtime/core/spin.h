// Waiting for another thread that is nearly there.
#pragma once

#include <thread>

namespace edgert {

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

constexpr int kSpins = 4000;  // some 40 microseconds

// Until ready(); other threads get the core when it takes long.
template <class Ready>
void spin_until(Ready&& ready) {
  for (int spins = 0; !ready(); spins++) spins < kSpins ? pause() : std::this_thread::yield();
}

}  // namespace edgert
