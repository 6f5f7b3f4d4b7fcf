// SPDX-License-Identifier: BSD-3-Clause
#pragma GCC target("avx512f,avx512dq,avx512vl,avx2,fma")
#define VEC_AVX512
#define TARGET avx512
#include "kernel_body.h"
