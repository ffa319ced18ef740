// Memory of tensors, kept for reuse. A network allocates the same sizes step after step; giving large blocks back to
// the system and faulting them in again costs more than much of the arithmetic between.
#pragma once

namespace wootz {

/// From now on torch's tensors on the CPU take their memory from a cache of freed blocks, for the whole process. At
/// most 4 GiB stay cached. Thread-safe; calls after the first do nothing.
void keep_freed_blocks();

}  // namespace wootz
