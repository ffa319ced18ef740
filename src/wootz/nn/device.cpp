#include "wootz/nn/device.h"

#include <ATen/DeviceAccelerator.h>
#include <dlfcn.h>

#include <thread>

#include "wootz/nn/torch_headers.h"

namespace wootz {

Result<at::Device> open_device(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  if (name != "cuda" && !name.starts_with("cuda:"))
    return fail(ErrorKind::kUsage, "unknown device '{}': use cpu, cuda or cuda:N", name);
  // Before anything asks libtorch whether there is a GPU: it remembers the answer.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr)
    return fail(ErrorKind::kUsage,
                "device '{}': libtorch's CUDA half cannot be loaded ({}); install what it needs by 'make cuda', or use "
                "--device cpu",
                name, dlerror());
  return guarded([&] {
           // Fails here, not in the first batch. The tensor's device has its number, where the name has none.
           return at::empty({1}, at::TensorOptions(at::Device(name))).device();
         })
      .map_error([&](Error error) {
        return Error{ErrorKind::kUsage, fmt::format("device '{}' cannot be used: {}", name, error.message)};
      });
}

Result<std::uint64_t> free_memory(at::Device device) {
  return guarded([&] { return std::uint64_t{at::accelerator::getMemoryInfo(device.index()).first}; });
}

void set_network_threads(std::size_t threads) {
  const std::size_t count = threads == 0 ? std::max(1U, std::thread::hardware_concurrency()) : threads;
  at::set_num_threads(static_cast<int>(count));
}

Error torch_error(const std::exception& error) {
  std::string message = error.what();
  if (const auto* torch = dynamic_cast<const c10::Error*>(&error)) message = torch->what_without_backtrace();
  return {ErrorKind::kFailed, std::move(message)};
}

}  // namespace wootz
