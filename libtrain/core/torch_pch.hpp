// Precompiled once for all targets that use LibTorch. Sources include what they need themselves, as if it were not.
#pragma once

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/nn.h>
