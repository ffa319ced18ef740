// What almost every test beside libtorch includes; compiled once (CMake's precompiled headers).
#pragma once

#include <ATen/Context.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/quantile.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/where.h>

#include "support/test_headers.h"
#include "wootz/nn/torch_headers.h"
