// What almost every test includes; compiled once (CMake's precompiled headers).
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "wootz/core/core_headers.h"
