// SPDX-License-Identifier: BSD-3-Clause
#define TARGET base
#include "kernel_body.h"
