// Instruction sets, and how a table of kernels exists once for each: kernels/NAME.cpp, compiled per ISA, defines it in
// the namespace of that ISA; TWL_KERNELS(NAME) is that of the active one.
#pragma once

namespace twinlens {

enum class Isa : int { baseline = 0, avx2 = 1, avx512 = 2 };

Isa active_isa();

}  // namespace twinlens

#define TWL_KERNEL_TABLE(Type, name) \
  namespace baseline {               \
  extern const Type name;            \
  }                                  \
  namespace avx2 {                   \
  extern const Type name;            \
  }                                  \
  namespace avx512 {                 \
  extern const Type name;            \
  }

#if defined(__x86_64__) && defined(TWL_X86_KERNELS)
#define TWL_KERNELS_OF(isa, name) \
  ((isa) == Isa::avx512 ? avx512::name : (isa) == Isa::avx2 ? avx2::name : baseline::name)
#else
#define TWL_KERNELS_OF(isa, name) ((void)(isa), baseline::name)
#endif
#define TWL_KERNELS(name) TWL_KERNELS_OF(active_isa(), name)
