// What almost every test includes; compiled once (CMake's precompiled headers).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wootz/core/result.h"
