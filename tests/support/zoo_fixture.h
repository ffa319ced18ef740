// The larger zoo ($WOOTZ_ZOO): its tasks and the accuracies that PyTorch measured; tests are skipped without it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "wootz/data/catalogue.h"

namespace wootz::testing {

class ZooFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* zoo = std::getenv("WOOTZ_ZOO");
    if (zoo == nullptr || !files_.exists(join_path(zoo, "results.json")))
      GTEST_SKIP() << "WOOTZ_ZOO names no zoo; set it to measure real models";
    path_ = zoo;
    reference_ = nlohmann::json::parse(read_text(files_, join_path(path_, "results.json"), 1 << 20).value());
    for (const auto& [task, accuracy] : reference_.at("base").items()) {
      if (task == "avg") continue;
      Task& added = tasks_.emplace_back();
      added.name = task;
      added.data.format = "idx";
      added.data.path = path_ + "/data/" + task;
      added.head = path_ + "/heads/" + task + ".safetensors";
    }
  }

  FileSystem& files_ = posix_file_system();
  std::string path_;
  nlohmann::json reference_;
  std::vector<Task> tasks_;
};

}  // namespace wootz::testing
