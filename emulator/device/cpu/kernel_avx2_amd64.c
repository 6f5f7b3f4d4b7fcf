// SPDX-License-Identifier: BSD-3-Clause
#pragma GCC target("avx2,fma")
#define VEC_AVX2
#define TARGET avx2
#include "kernel_body.h"
